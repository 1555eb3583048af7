/*
 * Who is to be removed, in which order, and when the next one may go: a rate limit with
 * an operator's hand on it. Pure: time is an argument.
 */
#pragma once

#include <uthash.h>

#include "lib/ratelimit.h"
#include "lib/views.h"

enum removal_kind {
	REMOVAL_UNANSWERED, /* it is known to this master, and answers no pings */
	REMOVAL_NOT_BACK,   /* an earlier master knew it, and it did not come back */
};

/* Why, as agent and operator are told. */
extern const char *const removal_reasons[];

struct removal {
	UT_hash_handle hh;
	struct ratelimit_ticket ticket;
	enum removal_kind kind;
	int64_t since_ns;
	char *hostname;
	char agent_id[];
};

/* It is held, paused, both, or neither: then it runs. */
struct removal_queue {
	struct ratelimit limit;
	struct removal *by_id;
	bool paused; /* by an operator */
	char *held;  /* the sentence that says why; NULL: it is not */
};

void removal_queue_init(struct removal_queue *q, int64_t interval_ns);
void removal_queue_fini(struct removal_queue *q);
/* False if the agent is queued already. */
bool removal_queue_add(struct removal_queue *q, const char *agent_id, const char *hostname,
		       enum removal_kind kind, int64_t now);
/* Takes it out, for the caller to free with removal_free(); NULL: it is not queued. */
struct removal *removal_queue_cancel(struct removal_queue *q, const char *agent_id);
/* Whose turn it is at `now`, taken out as above; NULL: nobody may go yet. */
struct removal *removal_queue_grant(struct removal_queue *q, int64_t now);
/* When there is something to grant; INT64_MAX: nobody waits, or it is held or paused. */
int64_t removal_queue_next(const struct removal_queue *q, int64_t now);
void removal_queue_pause(struct removal_queue *q);
/* Replaces the reason if it is held already. */
void removal_queue_hold(struct removal_queue *q, const char *sentence);
/* Not held any more; a pause goes on. */
void removal_queue_release(struct removal_queue *q);
/* Neither paused nor held any more. */
void removal_queue_resume(struct removal_queue *q);
/* GET /removals; limit is the flag's text, NULL: none. */
void removal_queue_view(const struct removal_queue *q, const char *limit, int64_t now,
			struct buf *out);
void removal_free(struct removal *r);
