/*
 * When each container's disk is measured: at launch, then every interval on its own,
 * whatever the number of others, and once more when it has ended. The scans are jobs
 * within one budget of CPU; this is their clock.
 */
#pragma once

#include <stdatomic.h>

#include "agent/disk/policy.h"
#include "agent/disk/scan.h"
#include "agent/metrics.h"
#include "lib/work.h"

/*
 * Scans that run side by side; how much CPU they get is the budget's affair. Sandboxes that
 * were seen to hold many files have threads of their own, so that nobody waits behind them.
 */
#define DISK_SCAN_THREADS     3
#define DISK_SCAN_BIG_THREADS 2
#define DISK_SCAN_BIG_INODES  50000

struct disk_checks;
struct disk_watch;

struct disk_watch_ops {
	/* Above its limit, and the limit is enforced; why is the message for the task. */
	void (*exceeded)(struct disk_watch *w, const char *why);
	/* The last measurement is booked; the watch may be freed. */
	void (*settled)(struct disk_watch *w);
};

/* One container's sandbox. Embedded in its owner; zero-initialise before disk_watch_start(). */
struct disk_watch {
	struct list node;           /* in checks->watches */
	struct disk_checks *checks; /* NULL: not watched */
	const struct disk_watch_ops *ops;
	const char *name; /* for log lines; the owner's */
	int dirfd;        /* of the sandbox; the owner's */
	struct ledger ledger;
	int64_t due_ns;
	bool scanning;
	bool last;         /* the container has ended: one more scan */
	bool last_started; /* and that scan has begun */
	atomic_bool cancel;
	struct work job;
	struct scan_result result; /* the job's */
	struct error error;
	int outcome;
};

struct disk_checks_options {
	int64_t interval_ns;
	bool enforce;
	uint64_t default_limit_bytes; /* of containers that were given no disk; 0: none */
	double cpus;
};

int disk_checks_new(sd_event *loop, const struct disk_checks_options *options,
		    struct agent_metrics *metrics, struct disk_checks **ret, struct error *e);
/* Cancels running scans and waits for them. */
void disk_checks_free(struct disk_checks *c);

/* Begins to measure, at once. */
void disk_watch_start(struct disk_checks *c, struct disk_watch *w, const struct disk_watch_ops *ops,
		      const char *name, int dirfd);
/* The container's disk resource, in thousandths of a MB, is now this. */
void disk_watch_limit(struct disk_watch *w, int64_t disk_milli);
/* The container has ended: a running scan is cancelled, a last one is made, `settled` follows. */
void disk_watch_end(struct disk_watch *w);

/* Seconds that the most delayed check is behind its time. */
double disk_checks_lag(const struct disk_checks *c, int64_t now);
/* Seconds that scans have waited for their budget of CPU, summed over their threads. */
double disk_checks_throttled(struct disk_checks *c);
bool disk_checks_enforce(const struct disk_checks *c);
