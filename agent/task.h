/*
 * Tasks. Only task_move() changes a task's state: it
 * asserts the move, remembers the status, and counts.
 */
#pragma once

/* What is remembered of one status: its message is cut here. */
#define MESSAGE_KEPT_MAX (4 * KIB)
/* A name that is only shown is cut here once what has it is past. */
#define NAME_KEPT_MAX (4 * KIB)
/* What all tasks that are past may hold together. */
#define HISTORY_MAX_BYTES (32 * MIB)

#include <uthash.h>

#include "agent/metrics.h"
#include "lib/list.h"
#include "lib/protocol.h"
#include "lib/resources.h"
#include "lib/store.h"
#include "lib/task_state.h"

struct executor;

/* The tasks of an agent that are past, oldest first. */
struct task_history {
	struct list tasks;
	size_t bytes; /* roughly what they hold */
};

struct task {
	struct list node;             /* in executor->tasks or executor->completed */
	UT_hash_handle hh;            /* of framework->tasks, while it is in executor->tasks */
	struct list past;             /* in history->tasks */
	struct task_history *history; /* NULL: not past */
	size_t bytes;                 /* what it holds there */
	struct executor *executor;
	struct task_info *info;
	struct resources resources;
	enum task_state state;
	struct task_status *statuses; /* one for each state it went through, in order */
	size_t statuses_count;
	bool queued;              /* not handed to its executor yet */
	struct store_wait stored; /* then it may be handed over */
	uint8_t acknowledged[16]; /* uuid of the update that was acknowledged last */
	enum task_state acknowledged_state;
	bool has_acknowledged;
	bool killed; /* its framework asked to end it */
	bool has_kill_grace;
	int64_t kill_grace_ns; /* what it said about the time between SIGTERM and SIGKILL */
};

/* Copies of a text of at most `bytes` bytes, cut between characters; NULL stays NULL. */
char *text_cut(const char *text, size_t bytes);
/* Takes info. */
struct task *task_new(struct executor *executor, struct task_info *info);
void task_free(struct task *t);
/*
 * Moves the task to status->state, which must be allowed. Of the status it keeps what
 * re-registration and views say of it.
 */
void task_move(struct task *t, const struct task_status *status, struct agent_metrics *metrics);
/* What hooks have made of the labels of its status of this state, if it is remembered. */
void task_set_status_labels(struct task *t, enum task_state state, const struct labels *labels);
/* It is past: keeps only what views show of it. Freeing the task takes it out again. */
void task_archive(struct task *t, struct task_history *history);
/* The oldest that has to go because all hold too much together; NULL if they do not. */
struct task *task_history_surplus(const struct task_history *history);
