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
/* link_read: the agent closed the connection, and had taken all that the kernel had for it. */
#define LINK_ENDED 2

struct link {
	int fd; /* -EBADF: lost */
	struct lines in;
	struct buf out; /* what the kernel has not taken yet */
	bool broken;    /* it did not take something */
};

/*
 * Connects to the socket at path, unix(7). While the agent's backlog is full it waits, or
 * returns -EAGAIN if it is not to.
 */
int link_open(struct link *ret, const char *path, bool wait, struct error *e);
/* Closes it; what was received before may still be taken. */
void link_close(struct link *l);
void link_fini(struct link *l);
/* The events of poll(2) to wait for. */
short link_events(const struct link *l);
/*
 * Queues lines that are encoded, or one message, and sends what can be sent; nothing if the link
 * is lost. A failure shows at the next link_read().
 */
void link_add(struct link *l, const char *lines, size_t len);
void link_send(struct link *l, enum message_type type, const void *body);
void link_flush(struct link *l);
/* Answers something wrong with an ERROR: the text of a struct error. */
void link_refuse(struct link *l, const char *text);
/*
 * Takes in what has arrived, a bounded part of it. LINK_ENDED or a negative errno, both with e:
 * the agent is gone.
 */
int link_read(struct link *l, struct error *e);
/*
 * LINK_MESSAGE: the next message of the agent, to be freed with message_fini(). 0: none
 * is complete. What cannot be understood is refused on the way; -EMSGSIZE with e: a line
 * has no end, so there is no next one.
 */
int link_next(struct link *l, struct message *ret, struct error *e);
