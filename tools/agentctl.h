/* What the commands of mesos-agentctl share: flags, words, and the way to the agent. */
#pragma once

#include <systemd/sd-event.h>

#include "lib/protocol.h"
#include "tools/output.h"
#include "tools/terminal.h"

#include "lib/schema-structs.h"
#include "tools/agentctl-flags.def"
#include "lib/schema-end.h"

#define AGENTCTL      "mesos-agentctl"
#define ARGUMENTS_MAX 2

/* With what the program ends. */
enum status {
	STATUS_OK = 0,
	STATUS_FAILED = 1,
	STATUS_USAGE = 2,
	STATUS_NOT_FOUND = 3,
	STATUS_UNREACHABLE = 4,
	STATUS_PENDING = 5, /* asked, and not done yet */
};

struct agentctl {
	struct agentctl_flags flags;
	const struct verb *verb;
	const char *arguments[ARGUMENTS_MAX]; /* the words after the verb's; NULL: none */
	char *socket;
	bool colour;
	struct terminal_size size; /* of standard output, as it was before the command */
	sd_event *loop;
	struct streams *streams;
	struct output *out, *err; /* of --watch; NULL: it is shown once */
	struct buf notice; /* a sentence about what is shown: to standard error, or above it */
	bool stopped;      /* by a signal, or because nobody reads any more */
};

/*
 * A command. What it appends to out is printed unless e says something. Other ends than STATUS_OK
 * say so in e; STATUS_FAILED or STATUS_PENDING with e untouched: what was printed says it.
 */
typedef enum status command(struct agentctl *a, struct buf *out, struct error *e);

command command_quota_show, command_quota_set, command_quota_check;

/* Asks, and waits for the answer of this type, which the caller frees. */
enum status agentctl_ask(struct agentctl *a, enum message_type question, const void *body,
			 enum message_type expected, struct message *ret, struct error *e);
/* One line, in which lists stand also where they are empty. */
void agentctl_add_json(const struct schema *schema, const void *rec, struct buf *out);
