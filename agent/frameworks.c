/* Frameworks, executors and tasks: what the master asks for, and what becomes of it. */
#include "agent/frameworks.h"

#include <sys/wait.h>

#include "agent/agent.h"
#include "agent/arrivals.h"
#include "agent/executor_hooks.h"
#include "agent/executors.h"
#include "agent/master.h"
#include "agent/save.h"
#include "lib/ids.h"
#include "lib/labels.h"
#include "lib/log.h"

struct framework *framework_find(struct agent *a, const char *id)
{
	struct framework *f;

	HASH_FIND_STR(a->frameworks, id, f);
	return f;
}

struct executor *executor_find(struct framework *f, const char *executor_id)
{
	struct executor *x;

	list_for_each(x, &f->executors, node)
		if (str_equal(x->info->executor_id, executor_id))
			return x;
	return NULL;
}

struct executor *executor_by_container(const struct agent *a, const char *container_id)
{
	struct framework *f, *next;
	struct executor *x;

	HASH_ITER(hh, a->frameworks, f, next)
		list_for_each(x, &f->executors, node)
			if (str_equal(x->container_id, container_id))
				return x;
	return NULL;
}

struct task *task_find(struct framework *f, const char *task_id)
{
	struct task *t;

	HASH_FIND_STR(f->tasks, task_id, t);
	return t;
}

struct task *frameworks_find_task(struct agent *a, const char *framework_id, const char *task_id)
{
	struct framework *f = framework_find(a, framework_id);

	return f ? task_find(f, task_id) : NULL;
}

/* Not every line about a task says whose it is. */
static struct task *task_anywhere(struct agent *a, const char *task_id)
{
	struct framework *f, *next;
	struct task *t = NULL;

	HASH_ITER(hh, a->frameworks, f, next)
		if (!t)
			t = task_find(f, task_id);
	return t;
}

void frameworks_add_log_fields(struct log_fields *f, void *ctx)
{
	const char *framework_id = log_fields_get(f, "MESOS_FRAMEWORK_ID");
	const char *task_id = log_fields_get(f, "MESOS_TASK_ID");
	const struct task *t = framework_id ? frameworks_find_task(ctx, framework_id, task_id)
					    : task_anywhere(ctx, task_id);

	if (t)
		labels_add_fields(t->info->labels, f);
}

static void free_framework(struct framework *f)
{
	struct executor *x;

	list_for_each(x, &f->executors, node)
		executor_free(x);
	list_for_each(x, &f->completed_executors, node)
		executor_free(x);
	list_remove(&f->node);
	schema_free(framework_info_schema(), f->info);
	free(f->id);
	free(f);
}

struct framework *framework_restore(struct agent *a, struct framework_info *info)
{
	struct framework *f = xcalloc(1, sizeof(*f));

	list_init(&f->node);
	list_init(&f->executors);
	list_init(&f->completed_executors);
	f->agent = a;
	f->id = xstrdup(info->id);
	f->info = info;
	HASH_ADD_KEYPTR(hh, a->frameworks, f->id, strlen(f->id), f);
	return f;
}

static struct framework *add_framework(struct agent *a, const struct framework_info *info)
{
	struct framework *f = framework_restore(a, schema_copy(framework_info_schema(), info));

	save_framework(f);
	log_info("framework %s: first task name=%s user=%s", f->id, f->info->name, f->info->user);
	return f;
}

/* Here and in the store. */
static void forget_completed(struct framework *f)
{
	struct executor *x;

	assert(f);
	list_for_each(x, &f->completed_executors, node)
		executor_forget(x);
	forget_framework(f);
	f->agent->completed_frameworks_count--;
	free_framework(f);
}

/* A framework without executors is past; only the latest are remembered. */
void framework_maybe_complete(struct framework *f)
{
	struct agent *a = f->agent;

	if (!list_empty(&f->executors))
		return;
	HASH_DEL(a->frameworks, f);
	f->completed = true;
	save_framework(f);
	list_append(&a->completed_frameworks, &f->node);
	if (++a->completed_frameworks_count > COMPLETED_FRAMEWORKS_MAX)
		forget_completed(list_first(&a->completed_frameworks, struct framework, node));
	agent_maybe_leave(a);
}

void frameworks_forget_completed(struct agent *a)
{
	struct framework *f;

	list_for_each(f, &a->completed_frameworks, node)
		forget_completed(f);
}

static void take_info(struct framework *f, const struct framework_info *info)
{
	schema_free(framework_info_schema(), f->info);
	f->info = schema_copy(framework_info_schema(), info);
	save_framework(f);
}

/* It comes back to life with its past when a new task arrives. */
static struct framework *revive(struct agent *a, const struct framework_info *info)
{
	struct framework *f;

	list_for_each(f, &a->completed_frameworks, node)
		if (!strcmp(f->id, info->id)) {
			list_remove(&f->node);
			a->completed_frameworks_count--;
			f->terminating = f->completed = false;
			HASH_ADD_KEYPTR(hh, a->frameworks, f->id, strlen(f->id), f);
			take_info(f, info);
			return f;
		}
	return NULL;
}

/* What it is may have changed since its last task. */
static struct framework *find_or_add_framework(struct agent *a, const struct framework_info *info)
{
	struct framework *f = framework_find(a, info->id);

	if (!f)
		f = revive(a, info);
	else if (!schema_equal(framework_info_schema(), f->info, info))
		take_info(f, info);
	return f ? f : add_framework(a, info);
}

/* Ids become directories here: the master has checked them, and so do we. */
static bool task_valid(const struct task_info *t)
{
	return id_valid(t->task_id) && (!t->executor || id_valid(t->executor->executor_id)) &&
	       !t->command == !!t->executor;
}

static bool is_here(struct agent *a, const char *framework_id, const char *task_id)
{
	return frameworks_find_task(a, framework_id, task_id) ||
	       arrivals_have(a, framework_id, task_id);
}

void frameworks_run_task(struct agent *a, struct run_task *m)
{
	const char *task_id = m->task->task_id;

	if (!m->framework->id || !id_valid(m->framework->id)) {
		log_warning_often(
			"task %s: refused: it has no framework, or one whose id cannot be the "
			"name of a directory",
			task_id);
		return;
	}
	if (!task_valid(m->task)) {
		agent_refuse_task(
			a, m->framework->id, task_id, REASON_TASK_INVALID,
			"Its ids cannot be names of directories, or it has not exactly one of "
			"command and executor");
		return;
	}
	if (is_here(a, m->framework->id, task_id))
		log_warning_often("task %s: is here already, RUN_TASK is ignored", task_id);
	else if (hooks_wanted(a->hooks, HOOK_TASK_LABELS))
		arrivals_add(a, m);
	else
		frameworks_take_task(a, m);
}

void frameworks_take_task(struct agent *a, struct run_task *m)
{
	const char *task_id = m->task->task_id;
	struct framework *f;
	struct executor *x;
	bool first;

	if (store_full(a->store)) {
		agent_refuse_task(a, m->framework->id, task_id, REASON_AGENT_DISCONNECTED,
				  "The disk of the agent's store is full; it takes no new task");
		return;
	}
	f = find_or_add_framework(a, m->framework);
	x = executor_find(f, m->task->executor ? m->task->executor->executor_id : task_id);
	if (a->terminating || a->cleaning || f->terminating ||
	    (x && x->state >= EXECUTOR_TERMINATING)) {
		agent_refuse_task(a, f->id, task_id, REASON_EXECUTOR_TERMINATED,
				  "Executor terminating/terminated");
		framework_maybe_complete(f);
		return;
	}
	if (x && (x->command || !m->task->executor)) {
		agent_refuse_task(
			a, f->id, task_id, REASON_TASK_INVALID,
			"A command task has an executor of its own, and this id is another's");
		return;
	}
	first = !x;
	if (first)
		x = executor_add(f, m->task);
	executor_take_task(x, take_ptr(m->task));
	if (first)
		executor_launch(x);
}

void frameworks_kill_task(struct agent *a, const struct kill_task *m)
{
	struct task *t = frameworks_find_task(a, m->framework_id, m->task_id);

	if (!t && arrivals_cancel(a, m->framework_id, m->task_id)) {
		agent_end_task(a, m->framework_id, m->task_id, TASK_KILLED, NULL,
			       "Task killed before it was launched");
		return;
	}
	if (!t) {
		log_warning_often("task %s: is to be killed and is not here", m->task_id);
		agent_refuse_task(a, m->framework_id, m->task_id, REASON_EXECUTOR_TERMINATED,
				  "Cannot find executor");
		return;
	}
	executor_kill_task(t->executor, t, m);
}

/* So that it is known again when its executor repeats it to the next agent. */
static void remember_acknowledged(struct task *t, const uint8_t uuid[16], enum task_state state)
{
	memcpy(t->acknowledged, uuid, sizeof(t->acknowledged));
	t->acknowledged_state = state;
	t->has_acknowledged = true;
	save_task(t);
}

void frameworks_acknowledged(struct agent *a, const struct acknowledge_update *m)
{
	struct task *t = frameworks_find_task(a, m->framework_id, m->task_id);
	enum task_state first = TASK_STAGING;
	enum update_ack r;

	updates_pending(&a->updates, m->framework_id, m->task_id, &first);
	r = updates_acknowledge(&a->updates, m->framework_id, m->task_id, m->uuid, now_ns());
	if (r == UPDATE_UNEXPECTED)
		log_warning_often("task %s: unexpected acknowledgement, ignored", m->task_id);
	if (r == UPDATE_ACKED && t)
		remember_acknowledged(t, m->uuid, first);
	if (r == UPDATE_ACKED_LAST && t)
		executor_forget_task(t->executor, t);
	agent_pump_updates(a);
}

void frameworks_shutdown(struct agent *a, const char *framework_id)
{
	struct framework *f = framework_find(a, framework_id);
	struct executor *x;

	updates_forget(&a->updates, framework_id);
	arrivals_forget(a, framework_id);
	if (!f || f->terminating)
		return;
	log_info("framework %s: shutting down", framework_id);
	f->terminating = true;
	save_framework(f);
	list_for_each(x, &f->executors, node)
		executor_shutdown(x, NULL);
	framework_sweep(f);
}

void frameworks_shutdown_executor(struct agent *a, const struct shutdown_executor *m)
{
	struct framework *f = framework_find(a, m->framework_id);
	struct executor *x = f ? executor_find(f, m->executor_id) : NULL;

	if (x)
		executor_shutdown(x, NULL);
	else
		log_warning_often("executor %s: is to be shut down and is not here",
				  m->executor_id);
}

void frameworks_message(struct agent *a, const struct framework_message *m)
{
	struct framework *f = framework_find(a, m->framework_id);
	struct executor *x = f ? executor_find(f, m->executor_id) : NULL;
	struct executor_data data = { .data = m->data };

	if (!x || !x->subscribed) {
		agent_drop_message(a, m->executor_id, "its executor is not here");
		return;
	}
	if (stream_queued(peer_stream(x->peer)) > MESSAGES_QUEUED_MAX) {
		agent_drop_message(a, m->executor_id, "its executor does not read what waits");
		return;
	}
	a->metrics.valid_framework_messages++;
	peer_send(x->peer, TO_EXECUTOR_MESSAGE, NULL, NULL, &data);
}

void frameworks_shutdown_all(struct agent *a)
{
	struct framework *f, *next;

	HASH_ITER(hh, a->frameworks, f, next)
		frameworks_shutdown(a, f->id);
}

/* What has ended and waited only for acknowledgements that nobody wants any more. */
void framework_sweep(struct framework *f)
{
	struct executor *x;

	list_for_each(x, &f->executors, node)
		executor_maybe_complete(x);
	framework_maybe_complete(f);
}

void frameworks_fini(struct agent *a)
{
	struct framework *f, *next;

	arrivals_forget(a, NULL);
	executor_hooks_forget(a);
	HASH_ITER(hh, a->frameworks, f, next) {
		HASH_DEL(a->frameworks, f);
		free_framework(f);
	}
	list_for_each(f, &a->completed_frameworks, node)
		free_framework(f);
}
