/*
 * When each container's disk is measured: at launch, then every interval on its own,
 * whatever the number of others, and once more when it has ended. Measurements are jobs,
 * one at a time for each watch; how one is made is the watch's method. This is their clock.
 */
#pragma once

#include <stdatomic.h>

#include "agent/disk/policy.h"
#include "agent/disk/scan_budget.h"
#include "agent/metrics.h"
#include "lib/work.h"

/*
 * Scans that run side by side; how much CPU they get is the budget's affair. Sandboxes that
 * were seen to hold many files have threads of their own, so that nobody waits behind them. So have
 * questions to the filesystem: they are short, but on one that is frozen they wait.
 */
#define DISK_SCAN_THREADS     3
#define DISK_SCAN_BIG_THREADS 2
#define DISK_QUOTA_THREADS    2

struct disk_watch;

struct disk_checks_options {
	int64_t interval_ns;
	bool kills; /* a container over its limit is ended, be it by nothing but that */
	double cpus;
};

struct disk_checks {
	sd_event *loop;
	struct work_pool *pool, *big_pool, *quota_pool;
	struct disk_checks_options options;
	struct scan_budget budget;
	int64_t verify_slot_ns; /* when the next of the slow walks has its turn: scan_watch.h */
	struct agent_metrics *metrics;
	struct list watches;
};

/* How a watch measures. */
struct disk_method {
	/* When the measurement after one that begins now is due; NULL: after the interval. */
	int64_t (*next)(struct disk_watch *w, int64_t now);
	/* Where its next job runs. */
	struct work_pool *(*pool)(const struct disk_watch *w);
	/*
	 * In the loop, before the job: what the loop may change meanwhile is copied. May be NULL.
	 */
	void (*begin)(struct disk_watch *w);
	/* The job: measures; 0, or -errno with w->error, -ECANCELED if w->cancel is set. */
	int (*measure)(struct disk_watch *w);
	/* In the loop, when measure was successful: books the result into the ledger. */
	void (*book)(struct disk_watch *w);
};

struct disk_watch_ops {
	/*
	 * Above its limit, and that ends it; why is the message for the task. At each check, until
	 * the ledger says killed.
	 */
	void (*exceeded)(struct disk_watch *w, const char *why);
	/* A measurement has ended; w->outcome says how. May be NULL. */
	void (*measured)(struct disk_watch *w);
	/* The last measurement is booked; the watch may be freed. */
	void (*settled)(struct disk_watch *w);
};

/*
 * One witness of one container. Embedded in its owner; zero-initialise before disk_watch_start().
 */
struct disk_watch {
	struct list node;           /* in checks->watches */
	struct disk_checks *checks; /* NULL: not watched */
	sd_event_source *timer;     /* at due_ns, unless it is running */
	const struct disk_method *method;
	const struct disk_watch_ops *ops;
	void *owner;              /* for ops */
	const char *name;         /* for log lines; the owner's */
	int dirfd;                /* of the sandbox; the owner's */
	struct ledger *ledger;    /* the owner's */
	int64_t began_ns, due_ns; /* monotonic: the measurement that runs, or the last; the next */
	bool running;
	bool last;         /* the container has ended: one more measurement */
	bool last_started; /* and that has begun */
	bool failing;      /* the last one failed, which was said */
	atomic_bool cancel;
	struct work job;
	bool gone; /* the job found that the sandbox has no name any more */
	struct error error;
	int outcome;
};

int disk_checks_new(sd_event *loop, const struct disk_checks_options *options,
		    struct agent_metrics *metrics, struct disk_checks **ret, struct error *e);
/* Cancels running measurements and waits for them. */
void disk_checks_free(struct disk_checks *c);

/*
 * Begins to measure, at once if the method says nothing else; method, ops, name, dirfd and ledger
 * are set.
 */
void disk_watch_start(struct disk_checks *c, struct disk_watch *w);
/* Measures now, or once more if it does so already. */
void disk_watch_soon(struct disk_watch *w);
/* Measures by then, monotonic, at the latest. */
void disk_watch_by(struct disk_watch *w, int64_t ns);
/* The ledger's limit is another: what it was last seen to use is judged by that. */
void disk_watch_limit(struct disk_watch *w, bool limited, uint64_t limit_bytes);
/*
 * The container has ended: a measurement that runs is cancelled, a last one is made, `settled`
 * follows.
 */
void disk_watch_end(struct disk_watch *w);

/* Seconds that the most delayed check is behind its time. */
double disk_checks_lag(const struct disk_checks *c, int64_t now);
/* Seconds that scans have waited for their budget of CPU, summed over their threads. */
double disk_checks_throttled(struct disk_checks *c);
