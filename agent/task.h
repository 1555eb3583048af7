/*
 * Tasks and the table of their states. Only task_move() changes a task's state: it
 * asserts the move, remembers the status, and counts.
 */
#pragma once

#include "agent/metrics.h"
#include "lib/list.h"
#include "lib/protocol.h"
#include "lib/resources.h"

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
bool task_terminal(enum task_state state);
/* Whether the table allows it: false for a repeated terminal state and for going back. */
bool task_may_move(enum task_state from, enum task_state to);
/* Moves the task to status->state, which must be allowed; copies the status. */
void task_move(struct task *t, const struct task_status *status, struct agent_metrics *metrics);
