/* slave_run_task_label_decorator, between RUN_TASK and the task. */
#include "agent/arrivals.h"

#include "agent/master.h"
#include "lib/labels.h"

struct arrival {
	struct list node; /* in agent->arrivals */
	struct agent *agent;
	struct hook_run run; /* its call has the task and its framework */
};

static void forget(struct arrival *w)
{
	list_remove(&w->node);
	hook_run_fini(&w->run);
	free(w);
}

static void fail(struct agent *a, const struct hook_run *r)
{
	static const enum task_reason reason = REASON_CONTAINER_LAUNCH_FAILED;

	agent_end_task(a, r->call.framework->id, r->call.task->task_id, TASK_FAILED, &reason,
		       r->error.text);
}

/* The master shows the labels as they are here. */
static void tell_labels(struct agent *a, const char *framework_id, const struct task_info *task)
{
	struct labels none = { .labels = NULL };
	struct task_labels m = {
		.framework_id = (char *)(uintptr_t)framework_id,
		.task_id = task->task_id,
		.labels = task->labels ? task->labels : &none,
	};

	master_send(a->master, AGENT_TASK_LABELS, &m);
}

static void take(struct agent *a, struct module_call *call)
{
	struct run_task m = { .framework = call->framework, .task = call->task };
	autofree char *framework_id = xstrdup(call->framework->id);
	bool same = labels_equal(call->task->labels, call->labels);

	schema_free(labels_schema(), call->task->labels);
	call->task->labels = take_ptr(call->labels);
	if (!same)
		tell_labels(a, framework_id, call->task);
	frameworks_take_task(a, &m);
	call->task = m.task;
	call->framework = m.framework;
}

static void decorated(struct hook_run *r)
{
	struct arrival *w = container_of(r, struct arrival, run);

	list_remove(&w->node);
	if (r->failed)
		fail(w->agent, r);
	else
		take(w->agent, &r->call);
	forget(w);
}

void arrivals_add(struct agent *a, struct run_task *m)
{
	struct arrival *w = xcalloc(1, sizeof(*w));

	w->agent = a;
	w->run.subject = xasprintf("task %s", m->task->task_id);
	w->run.done = decorated;
	w->run.call.agent = schema_copy(agent_info_schema(), &a->info);
	w->run.call.labels = labels_copy(m->task->labels);
	if (m->task->executor)
		w->run.call.executor = schema_copy(executor_info_schema(), m->task->executor);
	w->run.call.task = take_ptr(m->task);
	w->run.call.framework = take_ptr(m->framework);
	list_append(&a->arrivals, &w->node);
	hooks_run(a->hooks, HOOK_TASK_LABELS, &w->run);
}

static struct arrival *find(const struct agent *a, const char *framework_id, const char *task_id)
{
	struct arrival *w;

	list_for_each(w, &a->arrivals, node)
		if (!strcmp(w->run.call.framework->id, framework_id) &&
		    !strcmp(w->run.call.task->task_id, task_id))
			return w;
	return NULL;
}

bool arrivals_have(const struct agent *a, const char *framework_id, const char *task_id)
{
	return find(a, framework_id, task_id);
}

bool arrivals_cancel(struct agent *a, const char *framework_id, const char *task_id)
{
	struct arrival *w = find(a, framework_id, task_id);

	if (w)
		forget(w);
	return w;
}

void arrivals_forget(struct agent *a, const char *framework_id)
{
	struct arrival *w;

	list_for_each(w, &a->arrivals, node)
		if (!framework_id || !strcmp(w->run.call.framework->id, framework_id))
			forget(w);
}
