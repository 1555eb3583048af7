/* What hooks are told of an executor, and what they make of its environment. */
#include "agent/executor_hooks.h"

#include "agent/agent.h"
#include "agent/executors.h"
#include "agent/isolator/modules.h"

/* Heap, because a removal outlives its executor. */
struct executor_run {
	struct list node; /* in agent->removals; alone for a launch */
	struct hook_run run;
	struct executor *executor; /* NULL for a removal */
	void (*passed)(struct executor *x);
};

static struct module_container *describe_container(const struct executor *x)
{
	const struct container *c = x->container ? x->container : x->ended;
	autoresources struct resources used = { 0 };

	executor_used(x, &used);
	return isolator_modules_describe(x->container_id, x->sandbox, c ? c->user : NULL,
					 c ? c->pid : 0, &used);
}

void executor_hooks_describe(const struct executor *x, struct hook_run *ret)
{
	ret->subject = xasprintf("executor %s", x->info->executor_id);
	ret->call = (struct module_call){
		.executor = schema_copy(executor_info_schema(), x->info),
		.framework = schema_copy(framework_info_schema(), x->framework->info),
		.agent = schema_copy(agent_info_schema(), &executor_agent(x)->info),
		.container = describe_container(x),
	};
}

static struct executor_run *run_new(const struct executor *x, void (*done)(struct hook_run *r))
{
	struct executor_run *w = xcalloc(1, sizeof(*w));

	list_init(&w->node);
	executor_hooks_describe(x, &w->run);
	w->run.done = done;
	return w;
}

static void run_free(struct executor_run *w)
{
	if (!w)
		return;
	list_remove(&w->node);
	hook_run_fini(&w->run);
	free(w);
}

/* ---- before its container is made ---- */

/* It was killed meanwhile, and waits for nothing any more; executor_hooks_stop() is to come. */
static bool is_ending(const struct executor *x)
{
	return !x->container || !x->container->waiting;
}

static void passed(struct hook_run *r)
{
	struct executor_run *w = container_of(r, struct executor_run, run);
	struct executor *x = w->executor;
	void (*go_on)(struct executor * x) = w->passed;

	if (is_ending(x))
		return;
	if (r->failed) {
		container_refuse(x->container, &r->error);
		return;
	}
	x->launch_hooks = NULL;
	run_free(w);
	go_on(x);
}

static void decorated(struct hook_run *r)
{
	struct executor_run *w = container_of(r, struct executor_run, run);
	struct container *c = w->executor->container;

	if (is_ending(w->executor))
		return;
	if (r->failed) {
		container_refuse(c, &r->error);
		return;
	}
	container_set_environment(c, r->call.environment->variables,
				  r->call.environment->variables_count);
	schema_free(environment_schema(), take_ptr(r->call.environment));
	r->done = passed;
	hooks_run(executor_agent(w->executor)->hooks, HOOK_PRE_LAUNCH, r);
}

static struct environment *environment_of(const struct container *c)
{
	struct environment rows = {
		.variables = c->environment,
		.variables_count = c->environment_count,
	};

	return schema_copy(environment_schema(), &rows);
}

void executor_hooks_launch(struct executor *x, void (*on_passed)(struct executor *x))
{
	const struct task *t = list_first(&x->tasks, struct task, node);
	struct hooks *hooks = executor_agent(x)->hooks;
	struct executor_run *w;

	assert(x->container && !x->launch_hooks);
	if (!hooks_wanted(hooks, HOOK_ENVIRONMENT) && !hooks_wanted(hooks, HOOK_PRE_LAUNCH)) {
		on_passed(x);
		return;
	}
	w = run_new(x, decorated);
	w->executor = x;
	w->passed = on_passed;
	w->run.call.task = t ? schema_copy(task_info_schema(), t->info) : NULL;
	w->run.call.environment = environment_of(x->container);
	x->launch_hooks = w;
	hooks_run(hooks, HOOK_ENVIRONMENT, &w->run);
}

void executor_hooks_stop(struct executor *x)
{
	run_free(take_ptr(x->launch_hooks));
}

/* ---- after it has ended ---- */

static void told(struct hook_run *r)
{
	run_free(container_of(r, struct executor_run, run));
}

void executor_hooks_removed(const struct executor *x)
{
	struct agent *a = executor_agent(x);
	struct executor_run *w;

	if (!hooks_wanted(a->hooks, HOOK_REMOVE_EXECUTOR))
		return;
	w = run_new(x, told);
	list_append(&a->removals, &w->node);
	hooks_run(a->hooks, HOOK_REMOVE_EXECUTOR, &w->run);
}

void executor_hooks_forget(struct agent *a)
{
	struct executor_run *w;

	list_for_each(w, &a->removals, node)
		run_free(w);
}
