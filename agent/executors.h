/* One executor: its container, its subscription, its tasks. Between frameworks.c and containers. */
#pragma once

#include "agent/frameworks.h"
#include "lib/updates.h"

/* A new executor for its first task, which is to be given to it before it is launched. */
struct executor *executor_add(struct framework *f, const struct task_info *task);
/* One that was stored: takes info; names, tasks and container are to follow. */
struct executor *executor_new(struct framework *f, struct executor_info *info, bool command);
/* Makes its container, as soon as there is room for it on the disk. */
void executor_launch(struct executor *x);
/* The container was let begin by an agent before us. */
void executor_adopt(struct executor *x, const struct container_past *past);
void executor_free(struct executor *x);
/* Takes the task; it is launched now or when the executor has subscribed. */
void executor_take_task(struct executor *x, struct task_info *info);
void executor_kill_task(struct executor *x, struct task *t, const struct kill_task *m);
/* The terminal update of t was acknowledged: it is past. */
void executor_forget_task(struct executor *x, struct task *t);
/*
 * Asks it to end; its container is ended after the grace period. why is what tasks are told that
 * fail because of it, a clause that stays; NULL: their framework knows.
 */
void executor_shutdown(struct executor *x, const char *why);
/* None of its tasks lives. */
bool executor_idle(const struct executor *x);
/* It has no container (any more): its living tasks end with this status. */
void executor_lose_tasks(struct executor *x, enum task_reason reason, const char *why);
/* The kill of a command task that was asked for before a restart. */
void executor_resume_kill(struct executor *x);
/* A task that it has now, or had before a restart. */
void executor_add_task(struct executor *x, struct task *t);
/* A task of it that is past. */
void executor_restore_completed(struct executor *x, struct task *t);
/* What was not begun gets a container of another name; its rows follow. */
void executor_rename_container(struct executor *x);
/* Puts one that was stored as past among its framework's past. */
void executor_restore_past(struct executor *x);
/* Deletes its rows and its tasks', which must be past. */
void executor_forget(struct executor *x);
/* Moves it to its framework's past once its container and its unacknowledged tasks are gone. */
void executor_maybe_complete(struct executor *x);

/* What its container does comes here; executor_container.c. */
extern const struct container_ops executor_container_ops;

/* Between executors.c, executor_container.c, launch.c and custom.c. */
static inline struct agent *executor_agent(const struct executor *x)
{
	return x->framework->agent;
}
/*
 * Each of its tasks that run is told, once, that the kernel has refused it more disk; runs none
 * yet, the first that does is.
 */
void executor_tell_denied(struct executor *x);
/* Its sandbox, relative to work_dir; the caller frees. */
char *executor_sandbox(const struct executor *x);
/* Between SIGTERM and SIGKILL. */
int64_t executor_grace(const struct executor *x);
/* Opens the gate of its container once all that was put into the store until now is on disk. */
void executor_start_when_stored(struct executor *x);
void executor_drop_peer(struct executor *x);
/* This update is on disk: the executor that it came from is told. */
void executor_update_written(struct agent *a, const struct update *u);
/* Ends it unless it subscribes, or comes back, in time. */
void executor_await_subscription(struct executor *x);
/* Sends LAUNCH, or KILL, to a subscribed executor. */
void executor_hand_over(struct executor *x, struct task *t);
void executor_send_kill(struct executor *x, const struct task *t);
/* The task was killed before it reached its executor. */
void executor_cancel_task(struct executor *x, struct task *t);
/* A status of ours; nothing of that is refused, unless it comes too late. */
void executor_say(struct task *t, const struct task_status *status);
/* Ends the task with a status of ours, if its state allows it. */
void executor_end_task(struct task *t, enum task_state state, enum task_source source,
		       const enum task_reason *reason, const char *message);
/* It has just ended: among those that `quota show` tells of, of which the oldest is forgotten. */
void executor_remember(struct executor *x);
/* What mesos-executor wrote down is of no use once we have it, or nobody wants it. */
void executor_remove_record(const struct executor *x);
/* Its tasks have changed: so has what its container may use. */
void executor_update_container(struct executor *x);

/* frameworks.c */
void framework_maybe_complete(struct framework *f);
void framework_sweep(struct framework *f);
