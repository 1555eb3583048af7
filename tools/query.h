/* One question to an agent over its local socket, and the answer. */
#pragma once

#include "lib/peer.h"

struct query;

/* How it ended. */
enum query_end {
	QUERY_ANSWERED,
	QUERY_FAILED, /* nobody answers there, or hangs up */
	QUERY_SILENT, /* there is somebody who says nothing: the question was not even heard */
	QUERY_HEARD,  /* it was asked, and no answer came: what it asks for may still be done */
};

/*
 * The outcome, told once: a message of the language ANSWER, or COMMON_ERROR with what the agent
 * says against the question, out of which may be taken what is in it; or NULL and why there is none
 * ("connect /run/mesos/agent.sock: No such file or directory"). The query is freed afterwards.
 */
typedef void query_done(void *owner, enum query_end end, struct message *answer, const char *why);

/*
 * Asks; question is one of the language QUERY, body its record, NULL if it has none. -EINVAL if the
 * path can be no socket's. Streams and body must outlive the query.
 */
int query_new(sd_event *loop, struct streams *streams, const char *socket,
	      enum message_type question, const void *body, int64_t timeout_ns, query_done *done,
	      void *owner, struct query **ret, struct error *e);
/* Gives up; done is not called any more. NULL is accepted. */
void query_free(struct query *q);
