/*
 * Tasks. Only task_move() changes a task's state: it
 * asserts the move, remembers the status, and counts.
 */
#pragma once

#include "agent/metrics.h"
#include "lib/list.h"
#include "lib/protocol.h"
#include "lib/resources.h"
#include "lib/task_state.h"

struct executor;

struct task {
	struct list node; /* in executor->tasks or executor->completed */
	struct executor *executor;
	struct task_info *info;
	struct resources resources;
	enum task_state state;
	struct task_status *statuses; /* one for each state it went through, in order */
	size_t statuses_count;
	bool queued; /* not handed to its executor yet */
	bool killed; /* its framework asked to end it */
};

/* Takes info. */
struct task *task_new(struct executor *executor, struct task_info *info);
void task_free(struct task *t);
/* Moves the task to status->state, which must be allowed; copies the status. */
void task_move(struct task *t, const struct task_status *status, struct agent_metrics *metrics);
