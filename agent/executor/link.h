/*
 * The supervisor's connection to its agent: JSON lines on the agent's Unix socket.
 * Neither reading nor writing ever waits.
 */
#pragma once

#include "lib/lines.h"
#include "lib/protocol.h"

/* With more than this unread by the agent, the link takes no more from it. */
#define LINK_OUT_MAX (64 * KIB)

/* link_next: there is a message in ret. */
#define LINK_MESSAGE 1

struct link {
	int fd; /* -EBADF: lost */
	struct lines in;
	struct buf out; /* what the kernel has not taken yet */
};

/* Connects to the socket at path, unix(7); waits while the agent's backlog is full. */
int link_open(struct link *ret, const char *path, struct error *e);
/* Closes it; what was received before may still be taken. */
void link_close(struct link *l);
void link_fini(struct link *l);
/* The events of poll(2) to wait for. */
short link_events(const struct link *l);
/* Queues one message and sends what can be sent; a failure shows at the next link_read(). */
void link_send(struct link *l, enum message_type type, const void *body);
void link_flush(struct link *l);
/* Answers something wrong with an ERROR: the text of a struct error. */
void link_refuse(struct link *l, const char *text);
/* Says FAILED, in the same way. */
void link_fail(struct link *l, const char *text);
/* Takes in what has arrived, a bounded part of it. A negative errno: the agent is gone. */
int link_read(struct link *l, struct error *e);
/*
 * LINK_MESSAGE: the next message of the agent, to be freed with message_fini(). 0: none
 * is complete. What cannot be understood is refused on the way; -EMSGSIZE with e: a line
 * has no end, so there is no next one.
 */
int link_next(struct link *l, struct message *ret, struct error *e);
