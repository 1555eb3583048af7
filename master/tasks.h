/*
 * Tasks and executors in the master's books. Only task_move() changes a task's state:
 * it asserts the move, counts, and gives the resources of an ended task back.
 */
#pragma once

#include "lib/log_fields.h"
#include "lib/task_state.h"
#include "master/master.h"

void task_move(struct task *t, enum task_state to);

/* NULL if there is none. */
struct task *task_find(const struct framework *f, const char *task_id);
/*
 * Labels of a task as fields of a log line that is about it; ctx is the master:
 * log_set_task_fields().
 */
void task_add_log_fields(struct log_fields *f, void *ctx);
/*
 * A task that is about to be sent to the agent, by task_send(). Takes the resources, which are
 * allocated already.
 */
struct task *task_launch(struct framework *f, struct agent *a, const struct task_info *info,
			 struct resources *resources);
/* A task that an agent told of, charged later. Takes the report's contents. */
struct task *task_adopt(struct framework *f, struct agent *a, struct task_report *report);
/* Its labels are these now, as hooks have made them; NULL: none. */
void task_set_labels(struct task *t, const struct labels *labels);
/* What an agent says of a task. status is `latest` unless updates wait to be acknowledged. */
void task_update(struct task *t, const struct task_status *status, enum task_state latest);
/*
 * The master ends the task, unless it ended by itself, and moves it to the completed
 * ones. tell: its framework hears of it, by master_update().
 */
void task_end(struct task *t, enum task_state state, enum task_reason reason, const char *message,
	      bool tell);
/* Whether the master has ended this task of the agent, which is not to be heard of again. */
bool task_ended_here(const struct framework *f, const struct agent *a, const char *task_id);
/*
 * Whether what an agent says comes too late: the master has ended the task, which may run elsewhere
 * by now. The framework is not to hear of a second end, so the update is acknowledged in its
 * place, and a task that runs on is killed.
 */
bool task_update_late(struct framework *f, struct agent *a, const struct status_update *u);
/* An ended task whose framework knows. */
void task_complete(struct task *t);
/* Forgets a completed task. */
void task_free(struct task *t);
/* Forgets a live one, telling nobody: at the end of the master. */
void task_drop(struct task *t);
/* Tells the framework, by master_update_refusal(), of a task that is refused and in no books. */
void task_refuse(struct framework *f, const char *task_id, const char *agent_id,
		 enum task_state state, enum task_reason reason, const char *message);

/* NULL if there is none. */
struct executor *executor_find(const struct agent *a, const struct framework *f,
			       const char *executor_id);
/* An executor that comes with its first task. Takes the resources, allocated already. */
struct executor *executor_launch(struct framework *f, struct agent *a,
				 const struct executor_info *info, struct resources *resources);
/* An executor that an agent told of, charged later. */
struct executor *executor_adopt(struct framework *f, struct agent *a,
				const struct executor_info *info);
/*
 * The agent has told of all that it runs, and what it does not run any more was released:
 * charges what was adopted. More than the agent has counts as nothing.
 */
void agent_charge_adopted(struct agent *a);
/* It ended: its resources are free. */
void executor_end(struct executor *x);
