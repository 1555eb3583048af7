/* From an update that is held to its labels. */
#include "agent/status_hooks.h"

#include "agent/save.h"
#include "lib/labels.h"

struct status_run {
	struct list node; /* in agent->status_runs */
	struct hook_run run;
	struct agent *agent;
	struct update *update;
	bool stored;
};

static void run_free(struct status_run *w)
{
	list_remove(&w->node);
	hook_run_fini(&w->run);
	free(w);
}

/* A task whose status cannot be decorated has that status all the same. */
static void decorated(struct hook_run *r)
{
	struct status_run *w = container_of(r, struct status_run, run);
	const struct status_update *body = w->update->body;
	struct task *t = frameworks_find_task(w->agent, body->framework_id, body->status->task_id);

	if (t) {
		task_set_status_labels(t, body->status->state, r->call.labels);
		save_task(t);
	}
	updates_release(&w->agent->updates, w->update, take_ptr(r->call.labels),
			w->stored ? store_batch(w->agent->store) : 0, now_ns());
	if (w->stored)
		save_update(w->agent, w->update);
	agent_pump_updates(w->agent);
	run_free(w);
}

void status_hooks_hold(struct agent *a, struct update *u, const struct task *t, bool stored)
{
	struct status_run *w;

	if (!hooks_wanted(a->hooks, HOOK_STATUS_LABELS))
		return;
	w = xcalloc(1, sizeof(*w));
	w->agent = a;
	w->update = u;
	w->stored = stored;
	w->run.subject = xasprintf("task %s", u->body->status->task_id);
	w->run.done = decorated;
	w->run.call = (struct module_call){
		.agent = schema_copy(agent_info_schema(), &a->info),
		.status = schema_copy(task_status_schema(), u->body->status),
		.labels = labels_copy(u->body->status->labels),
	};
	if (t) {
		w->run.call.task = schema_copy(task_info_schema(), t->info);
		w->run.call.framework =
			schema_copy(framework_info_schema(), t->executor->framework->info);
	}
	list_append(&a->status_runs, &w->node);
	updates_hold(&a->updates, u, w);
	hooks_run(a->hooks, HOOK_STATUS_LABELS, &w->run);
}

void status_hooks_gone(const struct update *u)
{
	if (u->holder)
		run_free(u->holder);
}

void status_hooks_forget(struct agent *a)
{
	struct status_run *w;

	list_for_each(w, &a->status_runs, node)
		run_free(w);
}
