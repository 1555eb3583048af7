/*
 * Permits, spaced evenly: the first at once, then one every interval, first come first
 * served. There is no burst, and what leaves the queue gives its place back. Pure: time is
 * an argument.
 */
#pragma once

#include "lib/error.h"
#include "lib/list.h"

struct ratelimit {
	int64_t interval_ns; /* 0: no limit, every request is granted at once */
	int64_t next_ns;     /* monotonic: no permit before this */
	struct list queue;   /* tickets */
	size_t queued;
	bool paused; /* nothing is granted */
};

/* Embedded in what waits for a permit. */
struct ratelimit_ticket {
	struct list node;
};

/*
 * "<permits>/<duration>", as in 1/10mins. -EINVAL with a sentence for anything else: permits
 * and duration must be above zero, whole permits, and the interval at least 1 ns.
 */
int ratelimit_parse(const char *text, int64_t *interval_ns, struct error *e);
void ratelimit_init(struct ratelimit *l, int64_t interval_ns);
/* Queues a ticket, which must not be queued. ratelimit_grant() grants it, now or later. */
void ratelimit_request(struct ratelimit *l, struct ratelimit_ticket *t);
/* Out of the queue; the next one moves up, no permit is used. Harmless if it is not queued. */
void ratelimit_cancel(struct ratelimit *l, struct ratelimit_ticket *t);
bool ratelimit_queued(const struct ratelimit_ticket *t);
/* The ticket whose turn it is at `now`, taken out of the queue; NULL: none may go yet. */
struct ratelimit_ticket *ratelimit_grant(struct ratelimit *l, int64_t now);
/* When ratelimit_grant() has something to give; INT64_MAX: nobody waits, or it is paused. */
int64_t ratelimit_next(const struct ratelimit *l, int64_t now);
