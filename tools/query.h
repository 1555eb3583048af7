/* One question to an agent over its local socket, and the answer. */
#pragma once

#include "lib/peer.h"

struct query;

/*
 * The outcome, told once: a message of the language ANSWER, or COMMON_ERROR with what the agent says
 * against the question, out of which may be taken what is in it; or NULL and why there is none ("connect
 * /run/mesos/agent.sock: No such file or directory"). The query is freed afterwards.
 */
typedef void query_done(void *owner, struct message *answer, const char *why);

/*
 * Asks; question is one of the language QUERY, body its record, NULL if it has none. -EINVAL if the path
 * can be no socket's. Streams and body must outlive the query.
 */
int query_new(sd_event *loop, struct streams *streams, const char *socket,
	      enum message_type question, const void *body, int64_t timeout_ns, query_done *done,
	      void *owner, struct query **ret, struct error *e);
/* Gives up; done is not called any more. NULL is accepted. */
void query_free(struct query *q);
