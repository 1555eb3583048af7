/*
 * Messages: the records of protocol.def and the lines they travel in. The Mesos v1
 * API gives the shapes that frameworks and executors see; docs/protocol.md is
 * generated from the same table.
 */
#pragma once

#include "lib/schema.h"
#include "lib/version.h"

#include "lib/schema-structs.h"
#include "lib/protocol.def"
#include "lib/schema-end.h"

/* What this release speaks; HELLO carries both. */
#define PROTOCOL_MIN 1
#define PROTOCOL_MAX 1

/* The members of a struct hello that every program of this release says alike. */
#define HELLO_OF(r)                                                                                \
	.role = (r), .has_role = true, .version = (char *)(uintptr_t)MESOS_VERSION,                \
	.protocol_min = PROTOCOL_MIN, .has_protocol_min = true, .protocol_max = PROTOCOL_MAX,      \
	.has_protocol_max = true

/* The longest line that a framework, executor or operator may send. */
#define LINE_MAX_BYTES (1 * MIB)
/* The same between our own daemons: they wrap what frameworks sent. */
#define LINE_MAX_DAEMON_BYTES (4 * MIB)
/* How deep objects and arrays may be nested in a line, by the same two measures. */
#define DEPTH_MAX        128
#define DEPTH_DAEMON_MAX 160

/* CALL_SUBSCRIBE, EVENT_OFFERS, MASTER_PING, ...: language and type. */
enum message_type {
#include "lib/schema-skip.h"
#define LANGUAGE(l, d)
#define ARM(l, t, r) l##_##t,
#define ARM0(l, t)   l##_##t,
#define END_LANGUAGE
#include "lib/protocol.def"
#include "lib/schema-end.h"
	MESSAGE_TYPES
};

enum language {
#include "lib/schema-skip.h"
#define LANGUAGE(l, d) LANGUAGE_##l,
#define ARM(l, t, r)
#define ARM0(l, t)
#define END_LANGUAGE
#include "lib/protocol.def"
#include "lib/schema-end.h"
	LANGUAGES
};

struct arm {
	enum language language;
	const char *name;                     /* "KILL"; its member is "kill" */
	const struct schema *(*schema)(void); /* NULL: no member */
};

/* One line, decoded. Zero-initialise; owns what it points to. */
struct message {
	enum message_type type;
	char *framework_id; /* of v1 calls, NULL if absent */
	char *executor_id;  /* the same */
	uint64_t epoch;     /* of a master that speaks to its agent; 0: it did not say */
	void *body;         /* the record of the arm; NULL if it has none */
};

#define automessage cleanup(message_fini)

/* message_decode: the line is well-formed but its type is not in this language. */
#define MESSAGE_UNKNOWN 1

/*
 * Decodes one line (without its newline) that may be in `language` or COMMON. 0;
 * MESSAGE_UNKNOWN with e set: answer it, the connection lives on; -EINVAL with the
 * path of what is wrong; -EBADMSG if it is not JSON at all, or nested too deep.
 */
int message_decode(enum language language, const char *line, size_t len, struct message *ret,
		   struct error *e);
void message_fini(struct message *m);
/*
 * Appends one line with its newline. framework_id and executor_id may be NULL; body
 * is the record of the arm, NULL exactly if it has none.
 */
void message_encode(struct buf *out, enum message_type type, const char *framework_id,
		    const char *executor_id, const void *body);
/* The same for what a master says to an agent. */
void message_encode_epoch(struct buf *out, enum message_type type, uint64_t epoch,
			  const void *body);
const struct arm *message_arm(enum message_type type);
const char *language_doc(enum language language);
