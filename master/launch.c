/* master_launch_task_label_decorator, and RUN_TASK after it. */
#include "master/launch.h"

#include "lib/hooks.h"
#include "lib/labels.h"
#include "lib/log.h"
#include "master/agents.h"
#include "master/tasks.h"

struct launching {
	struct hook_run run; /* its call has what the agent will be told */
	struct task *task;
};

bool task_on_its_way(const struct task *t)
{
	return t->launching;
}

static struct executor *executor_of(const struct task *t)
{
	return t->report.executor_id ? executor_find(t->agent, t->framework, t->report.executor_id)
				     : NULL;
}

static void tell_agent(struct task *t, struct task_info *info)
{
	struct run_task run = { .framework = t->framework->info, .task = info };
	struct executor *x = executor_of(t);

	log_info("task %s: launched framework=%s agent=%s", info->task_id, t->framework->info->id,
		 t->agent->info->id);
	if (x)
		x->sent = true;
	agent_send(t->agent, MASTER_RUN_TASK, &run);
}

static void free_launching(struct launching *l)
{
	hook_run_fini(&l->run);
	free(l);
}

/* What the hooks have made of the labels is what everybody is shown. */
static void decorated(struct hook_run *r)
{
	struct launching *l = container_of(r, struct launching, run);
	struct task_info *info = r->call.task;
	struct task *t = l->task;

	if (r->failed) {
		task_end(t, TASK_FAILED, REASON_CONTAINER_LAUNCH_FAILED, r->error.text, true);
		return;
	}
	t->launching = NULL;
	schema_free(labels_schema(), info->labels);
	info->labels = take_ptr(r->call.labels);
	task_set_labels(t, info->labels);
	tell_agent(t, info);
	free_launching(l);
}

static void decorate(struct task *t, const struct task_info *info)
{
	struct launching *l = xcalloc(1, sizeof(*l));

	l->task = t;
	l->run.subject = xasprintf("task %s", t->report.task_id);
	l->run.done = decorated;
	l->run.call = (struct module_call){
		.task = schema_copy(task_info_schema(), info),
		.framework = schema_copy(framework_info_schema(), t->framework->info),
		.agent = schema_copy(agent_info_schema(), t->agent->info),
		.labels = labels_copy(info->labels),
	};
	t->launching = l;
	hooks_run(t->framework->master->hooks, HOOK_MASTER_LABELS, &l->run);
}

void task_send(struct task *t, struct task_info *info)
{
	if (hooks_wanted(t->framework->master->hooks, HOOK_MASTER_LABELS))
		decorate(t, info);
	else
		tell_agent(t, info);
}

/* It came into the books with a task that never reached the agent; another may need it still. */
static void recall_executor(struct executor *x)
{
	struct task *t;

	list_for_each(t, &x->agent->tasks, agent_node)
		if (t->framework == x->framework &&
		    str_equal(t->report.executor_id, x->info->executor_id) &&
		    !task_terminal(t->report.state))
			return;
	executor_end(x);
}

void task_recall(struct task *t)
{
	struct executor *x = executor_of(t);

	if (!t->launching)
		return;
	free_launching(take_ptr(t->launching));
	if (x && !x->sent)
		recall_executor(x);
}
