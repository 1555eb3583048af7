/*
 * How much CPU all scans of the agent together may use: a token bucket of CPU
 * time that fills at a fixed rate. Scans charge what they used and then wait
 * out the debt, so short scans run at full speed and long ones are spread out.
 */
#pragma once

#include <pthread.h>

#include "lib/base.h"

/* What a bucket holds when nothing has run for a while. */
#define SCAN_BUDGET_BURST_NS (200 * NSEC_PER_MSEC)

struct scan_budget {
	pthread_mutex_t lock;
	double cpus;
	int64_t balance_ns; /* CPU time that may still be used; negative is a debt */
	int64_t updated_ns;
	int64_t throttled_ns;
};

/* A full bucket that fills by cpus (> 0) nanoseconds of CPU each nanosecond. now: now_ns(). */
void scan_budget_init(struct scan_budget *b, double cpus, int64_t now);
/*
 * Takes cpu_ns out of the bucket. Returns for how many nanoseconds the caller
 * must not use the CPU, 0 when it may go on. Any thread may call it.
 */
int64_t scan_budget_charge(struct scan_budget *b, int64_t cpu_ns, int64_t now);
/* Notes that a caller did wait for so long; scan_tree() does this itself. */
void scan_budget_waited(struct scan_budget *b, int64_t waited_ns);
/* How long scans have waited since the start, summed over their threads. */
int64_t scan_budget_throttled_ns(struct scan_budget *b);
