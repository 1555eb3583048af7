/* The agent's metrics: metrics.def. Counters are counted where things happen, gauges read when asked. */
#pragma once

#include "lib/metrics.h"

#include "lib/metrics-structs.h"
#include "agent/metrics.def"
#include "lib/metrics-end.h"

struct agent;

/* All metrics of the agent, the host and the process in this format. */
void agent_metrics_write(struct agent *a, enum metrics_format format, struct buf *out);
