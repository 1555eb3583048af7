/* The master's metrics: metrics.def. Counters are counted where it happens, gauges when asked. */
#pragma once

#include "lib/metrics.h"
#include "lib/protocol.h"

#include "lib/metrics-structs.h"
#include "master/metrics.def"
#include "lib/metrics-end.h"

#define TASK_STATES  (TASK_ERROR + 1)
#define TASK_SOURCES (SOURCE_EXECUTOR + 1)
#define TASK_REASONS 64 /* above every task_reason of protocol.def */

/* master/<state>/<source>/<reason>: shown once it is above zero. */
struct ended_counts {
	uint64_t n[TASK_STATES][TASK_SOURCES][TASK_REASONS];
};

struct master;

void metrics_count_ended(struct ended_counts *c, const struct task_status *status);
/* All metrics of the master, the host and the process in this format. */
void master_metrics_write(struct master *m, enum metrics_format format, struct buf *out);
