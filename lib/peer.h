/*
 * The other end of a protocol connection: a stream of messages that begins with HELLO
 * each way. A protocol row says what a role may say, in which phase, and which verb
 * answers; the verbs hold the logic, nothing here does.
 */
#pragma once

#include "lib/protocol.h"
#include "lib/stream.h"

/* Whoever is connected, dialled or accepted, says HELLO within this time. */
#define PEER_HELLO_NS (10 * NSEC_PER_SEC)

struct peer;

/* Bits: what a verb allows. */
enum peer_phase {
	PEER_GREETED = 1,    /* both HELLOs were exchanged */
	PEER_SUBSCRIBED = 2, /* the owner called peer_subscribed() */
};

struct peer_verb {
	enum message_type type;
	unsigned phases;
	/* What fn takes out of the message it sets to NULL; the rest is freed afterwards. */
	void (*fn)(struct peer *p, struct message *m); /* NULL ends the table */
};

/* One role at the other end, and what it may say. */
struct peer_protocol {
	enum peer_role role;
	enum language hears;
	size_t line_max;
	const struct peer_verb *verbs;
	/*
	 * The HELLOs were exchanged. 0, or a negative errno with e to refuse the peer: it gets
	 * the ERROR and is closed. May be NULL.
	 */
	int (*greeted)(struct peer *p, const struct hello *hello, struct error *e);
	/*
	 * Before each verb. 0, or a negative errno with e: the connection is not to be believed
	 * any more and is closed. May be NULL.
	 */
	int (*refuses)(struct peer *p, const struct message *m, struct error *e);
	/* Once, after greeted, when the other side ended it: the peer is freed afterwards. */
	void (*closed)(struct peer *p, const char *why);
};

/* What a daemon needs to take connections. */
struct peer_server {
	struct streams *streams;
	sd_event *loop;
	const struct peer_protocol *const *protocols; /* NULL-terminated */
	const struct hello *hello;                    /* ours */
	void *ctx;
	int64_t hello_ns; /* 0 is PEER_HELLO_NS */
};

/*
 * Takes a connected socket and its seat (may be NULL). The peer looks after itself until greeted.
 */
void peer_accept(const struct peer_server *server, int fd, struct seat *seat);
/*
 * Dials; HELLO is sent at once. `closed` is called on failure too, also before greeted.
 * -EINVAL if the address makes no sense.
 */
int peer_dial(const struct peer_server *server, const char *address,
	      const struct peer_protocol *protocol, struct peer **ret, struct error *e);

/*
 * As peer_dial(), with a socket that is connected already, which is taken: who is at its other end
 * is known beforehand.
 */
struct peer *peer_attach(const struct peer_server *server, int fd,
			 const struct peer_protocol *protocol);

void peer_send(struct peer *p, enum message_type type, const char *framework_id,
	       const char *executor_id, const void *body);
/* Sends ERROR with one sentence. */
void peer_error(struct peer *p, const char *fmt, ...) format_printf(2, 3);
/* It has shown who it is: seat_trust() (lib/seat.h). */
void peer_trust(struct peer *p);
/* From now on the verbs of PEER_SUBSCRIBED are allowed, and it is trusted. */
void peer_subscribed(struct peer *p);
/* Drops the connection, or what is queued is written first; `closed` is not called. */
void peer_close(struct peer *p);
void peer_finish(struct peer *p);

void *peer_ctx(const struct peer *p);
/* What this peer turned out to be: a framework, an agent, ...; NULL until set. */
void *peer_owner(const struct peer *p);
void peer_set_owner(struct peer *p, void *owner);
/* "127.0.0.1:4711", for log lines. */
const char *peer_name(const struct peer *p);
struct stream *peer_stream(const struct peer *p);
