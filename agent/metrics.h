/*
 * The agent's metrics: metrics.def. Counters are counted where things happen, gauges read when
 * asked.
 */
#pragma once

#include "lib/error.h"
#include "lib/metrics.h"

#include "lib/metrics-structs.h"
#include "agent/metrics.def"
#include "lib/metrics-end.h"

struct agent;

/* A label of tasks that the metrics of containers have too. */
struct chosen_label {
	char *key;
	char *name; /* there */
};

/* Reads --metrics_task_labels; a->chosen_labels is to be freed. -EINVAL names the flag. */
int agent_metrics_choose_labels(struct agent *a, struct error *e);
void agent_metrics_free_labels(struct agent *a);
/* All metrics of the agent, the host and the process in this format. */
void agent_metrics_write(struct agent *a, enum metrics_format format, struct buf *out);
