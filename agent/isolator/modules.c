/* Calls for a container, and what comes of them for its plan. */
#include "agent/isolator/modules.h"

#include "agent/container/plan_check.h"
#include "lib/hooks.h"
#include "lib/log.h"

struct isolator_run {
	struct list node; /* in node->isolator_runs */
	struct hook_run run;
	struct container *container; /* held; NULL: nobody waits */
	isolator_modules_done *done;
};

struct module_container *isolator_modules_describe(const char *id, const char *sandbox,
						   const char *user, pid_t pid,
						   const struct resources *resources)
{
	struct module_container *ret = xcalloc(1, sizeof(*ret));

	ret->container_id = xstrdup(id);
	ret->sandbox = xstrdup(sandbox);
	ret->user = user ? xstrdup(user) : NULL;
	ret->pid = (uint64_t)pid;
	ret->has_pid = pid > 0;
	resources_to_wire(resources, &ret->resources, &ret->resources_count);
	return ret;
}

static void run_free(struct isolator_run *w)
{
	list_remove(&w->node);
	hook_run_fini(&w->run);
	free(w);
}

static void call(const struct container *c, enum module_function f, struct isolator_run *w,
		 void (*done)(struct hook_run *r))
{
	w->run.subject = xasprintf("container %s", c->id);
	w->run.call.container =
		isolator_modules_describe(c->id, c->sandbox, c->user, c->pid, &c->resources);
	w->run.done = done;
	list_append(&c->node->isolator_runs, &w->node);
	hooks_run(c->node->hooks, f, &w->run);
}

/* ---- what is waited for ---- */

static void finish(struct isolator_run *w, const struct error *why)
{
	struct container *c = w->container;
	isolator_modules_done *done = w->done;

	run_free(w);
	done(c, why);
	container_release(c);
}

/* The elements are moved: what they point to is the plan's from then on. */
#define MOVE_ALL(plan, additions, member)                                                          \
	do {                                                                                       \
		size_t n_ = (plan)->member##_count;                                                \
		(plan)->member = xreallocarray((plan)->member, n_ + (additions)->member##_count,   \
					       sizeof(*(plan)->member));                           \
		memcpy((plan)->member + n_, (additions)->member,                                   \
		       (additions)->member##_count * sizeof(*(plan)->member));                     \
		(plan)->member##_count += (additions)->member##_count;                             \
		(additions)->member##_count = 0;                                                   \
	} while (0)

static int add_variables(struct launch_plan *plan, struct plan_additions *a, struct error *e)
{
	for (size_t i = 0; i < a->environment_count; i++) {
		char *sign = strchr(a->environment[i], '=');

		if (!sign)
			return error_set(e, EINVAL, "environment: '%s' is not NAME=value",
					 a->environment[i]);
		*sign = '\0';
		if (plan_check_variable(a->environment[i], sign + 1, e))
			return -e->code;
		plan_set_variable(plan, a->environment[i], sign + 1);
	}
	return 0;
}

/* What a host says is checked as if nobody had done so there. */
static int apply(struct launch_plan *plan, json_t *additions, struct error *e)
{
	struct plan_additions a = { .environment = NULL };
	int r = schema_decode(plan_additions_schema(), additions, &a, e);

	if (!r)
		r = add_variables(plan, &a, e);
	if (!r) {
		if (a.mounts_count)
			MOVE_ALL(plan, &a, mounts);
		if (a.limits_count)
			MOVE_ALL(plan, &a, limits);
		if (a.pre_exec_count)
			MOVE_ALL(plan, &a, pre_exec);
		r = plan_check(plan, e);
	}
	schema_clear(plan_additions_schema(), &a);
	return r ? error_wrap(e, "isolator modules") : 0;
}

static void on_prepared(struct hook_run *r)
{
	struct isolator_run *w = container_of(r, struct isolator_run, run);
	struct error e = r->error;
	bool failed = r->failed;

	if (!failed && r->call.additions)
		failed = apply(w->container->plan, r->call.additions, &e);
	finish(w, failed ? &e : NULL);
}

static void on_isolated(struct hook_run *r)
{
	struct error e = r->error;
	bool failed = r->failed;

	finish(container_of(r, struct isolator_run, run), failed ? &e : NULL);
}

static void ask(struct container *c, enum module_function f, void (*on_answer)(struct hook_run *r),
		isolator_modules_done *done)
{
	struct isolator_run *w;

	if (!hooks_wanted(c->node->hooks, f)) {
		done(c, NULL);
		return;
	}
	w = xcalloc(1, sizeof(*w));
	w->container = c;
	w->done = done;
	container_hold(c);
	call(c, f, w, on_answer);
}

void isolator_modules_prepare(struct container *c, isolator_modules_done *done)
{
	assert(c->plan);
	c->planning = true;
	ask(c, ISOLATOR_PREPARE, on_prepared, done);
}

void isolator_modules_isolate(struct container *c, isolator_modules_done *done)
{
	ask(c, ISOLATOR_ISOLATE, on_isolated, done);
}

/* ---- what is not ---- */

static void told(struct hook_run *r)
{
	run_free(container_of(r, struct isolator_run, run));
}

void isolator_modules_tell(const struct container *c, enum module_function f)
{
	if (hooks_wanted(c->node->hooks, f))
		call(c, f, xcalloc(1, sizeof(struct isolator_run)), told);
}

void isolator_modules_recover(const struct container_node *node)
{
	struct container *c;

	list_for_each(c, &node->containers, node_entry)
		if (c->phase != CONTAINER_ENDED && (c->planning || c->phase != CONTAINER_PREPARING))
			isolator_modules_tell(c, ISOLATOR_RECOVER);
}

/* ---- usage ---- */

static void on_usage(struct hook_run *r)
{
	struct isolator_run *w = container_of(r, struct isolator_run, run);
	struct container *c = w->container;
	json_t *usage = json_object();

	for (size_t i = 0; i < r->call.usage_count; i++)
		json_object_set_new(usage, r->call.usage[i].name,
				    json_real(r->call.usage[i].value));
	json_decref(c->usage);
	c->usage = usage;
	c->usage_asked = false;
	run_free(w);
	container_release(c);
}

void isolator_modules_ask_usage(struct container *c)
{
	struct isolator_run *w;

	if (c->usage_asked || !hooks_wanted(c->node->hooks, ISOLATOR_USAGE))
		return;
	c->usage_asked = true;
	w = xcalloc(1, sizeof(*w));
	w->container = c;
	container_hold(c);
	call(c, ISOLATOR_USAGE, w, on_usage);
}

void isolator_modules_stop(struct container_node *node)
{
	struct isolator_run *w;

	list_for_each(w, &node->isolator_runs, node)
		run_free(w);
}
