/* From the name of a function to its call: a row for each. */
#include "tools/module-host/calls.h"

#include "lib/utf8.h"
#include "mesos/hook.h"
#include "mesos/isolator.h"
#include "tools/module-host/libraries.h"
#include "tools/module-host/plan.h"
#include "tools/module-host/reply.h"

/* How a function is called: with what it may change beside the event. */
enum shape {
	WITH_LABELS,
	WITH_ENVIRONMENT,
	WITH_NOTHING,
	WITH_DECISION,
	OF_CONTAINER,
	WITH_PLAN,
	WITH_USAGE,
};

static const struct function {
	enum module_function function;
	const char *kind; /* of modules that have it */
	enum shape shape;
	size_t offset; /* in the struct of functions of that kind */
} functions[] = {
#define HOOK(f, s, member)                                                                         \
	{                                                                                          \
		f, MESOS_HOOK_KIND, s, offsetof(struct mesos_hook, member)                         \
	}
	HOOK(HOOK_MASTER_LABELS, WITH_LABELS, master_launch_task_label_decorator),
	HOOK(HOOK_TASK_LABELS, WITH_LABELS, slave_run_task_label_decorator),
	HOOK(HOOK_ENVIRONMENT, WITH_ENVIRONMENT, slave_executor_environment_decorator),
	HOOK(HOOK_STATUS_LABELS, WITH_LABELS, slave_task_status_label_decorator),
	HOOK(HOOK_PRE_LAUNCH, WITH_NOTHING, slave_pre_launch_hook),
	HOOK(HOOK_REMOVE_EXECUTOR, WITH_NOTHING, slave_remove_executor_hook),
	HOOK(HOOK_DISK_LIMIT, WITH_DECISION, disk_limit_hook),
#undef HOOK
#define ISOLATOR(f, s, member)                                                                     \
	{                                                                                          \
		f, MESOS_ISOLATOR_KIND, s, offsetof(struct mesos_isolator, member)                 \
	}
	ISOLATOR(ISOLATOR_PREPARE, WITH_PLAN, prepare),
	ISOLATOR(ISOLATOR_ISOLATE, OF_CONTAINER, isolate),
	ISOLATOR(ISOLATOR_UPDATE, OF_CONTAINER, update),
	ISOLATOR(ISOLATOR_USAGE, WITH_USAGE, usage),
	ISOLATOR(ISOLATOR_RECOVER, OF_CONTAINER, recover),
	ISOLATOR(ISOLATOR_CLEANUP, OF_CONTAINER, cleanup),
#undef ISOLATOR
};

/* What a function that is called with labels and so on looks like. */
typedef int labels_function(void *self, const struct mesos_event *e, struct mesos_labels *l);
typedef int environment_function(void *self, const struct mesos_event *e,
				 struct mesos_environment *v);
typedef int plain_function(void *self, const struct mesos_event *e);
typedef int decision_function(void *self, const struct mesos_event *e,
			      struct mesos_disk_decision *d);

typedef int container_function(void *self, const struct mesos_container *c);
typedef int plan_function(void *self, const struct mesos_container *c, struct mesos_plan *p);
typedef int usage_function(void *self, const struct mesos_container *c, struct mesos_usage *u);

/* A function of the module, NULL if it has none: its struct may be older, and end before that. */
static void *function_of(const struct module *m, const struct function *f)
{
	const char *all = m->symbol.functions;
	void *ret = NULL;
	uint32_t size;

	if (!all || strcmp(m->symbol.kind, f->kind) != 0)
		return NULL;
	memcpy(&size, all, sizeof(size));
	if (f->offset + sizeof(ret) <= size)
		memcpy(&ret, all + f->offset, sizeof(ret));
	return ret;
}

/* ---- load ---- */

static void list_functions(const struct module *m, struct module_description *ret)
{
	ret->functions = xcalloc(ARRAY_SIZE(functions), sizeof(*ret->functions));
	for (size_t i = 0; i < ARRAY_SIZE(functions); i++)
		if (function_of(m, &functions[i]))
			ret->functions[ret->functions_count++] = xstrdup(
				enum_name(module_function_values, (int)functions[i].function));
}

/* What it says of itself goes into JSON. */
static char *shown(const char *text)
{
	char *copy = xstrdup(text);

	utf8_repair(copy);
	return copy;
}

static void describe(const struct module *m, struct module_description *ret)
{
	*ret = (struct module_description){
		.name = xstrdup(m->name),
		.library = xstrdup(m->library),
		.kind = xstrdup(m->symbol.kind),
		.api_version = shown(m->symbol.api_version),
		.mesos_version = shown(m->symbol.mesos_version),
		.author_name = shown(m->symbol.author_name),
		.author_email = shown(m->symbol.author_email),
		.description = shown(m->symbol.description),
	};
	list_functions(m, ret);
}

static int load(const struct module_call *call, struct module_result *ret, struct error *e)
{
	int r = load_libraries(call, e);
	size_t n = 0;

	if (r)
		return r;
	while (module_at(n))
		n++;
	ret->modules = xcalloc(n, sizeof(*ret->modules));
	for (; ret->modules_count < n; ret->modules_count++)
		describe(module_at(ret->modules_count), &ret->modules[ret->modules_count]);
	return 0;
}

/* ---- the others ---- */

struct decision {
	const struct module_call *call;
	struct module_result *result;
};

static void decide(struct mesos_disk_decision *d, enum disk_decision what)
{
	struct decision *decision = (void *)d;

	decision->result->decision = what;
	decision->result->has_decision = true;
}

void mesos_disk_deny(struct mesos_disk_decision *d)
{
	decide(d, DECIDE_DENY);
}

void mesos_disk_kill(struct mesos_disk_decision *d)
{
	decide(d, DECIDE_KILL);
}

int mesos_disk_set_limit(struct mesos_disk_decision *d, uint64_t bytes)
{
	struct decision *decision = (void *)d;
	const struct disk_limit *now = decision->call->disk_limit;

	if (now && bytes <= now->used_bytes)
		return mesos_fail("a limit of %llu bytes is not more than the %llu that are used",
				  (unsigned long long)bytes, (unsigned long long)now->used_bytes);
	if (bytes > INT64_MAX)
		return mesos_fail("a limit of %llu bytes is more than there can be",
				  (unsigned long long)bytes);
	decide(d, DECIDE_LIMIT);
	decision->result->limit_bytes = bytes;
	decision->result->has_limit_bytes = true;
	return 0;
}

static int call_with_plan(void *function, void *self, struct module_call *call)
{
	struct planning p;
	struct error e;
	int r;

	if (planning_begin(&p, call, &e))
		return mesos_fail("%s", e.text);
	r = ((plan_function *)function)(self, (void *)call->container, (void *)&p);
	planning_end(&p, call);
	return r;
}

static int call_function(void *function, enum shape shape, void *self, struct module_call *call,
			 struct module_result *ret)
{
	const struct mesos_event *event = (const void *)call;
	struct decision decision = { call, ret };

	switch (shape) {
	case WITH_LABELS: return ((labels_function *)function)(self, event, (void *)call->labels);
	case WITH_ENVIRONMENT:
		return ((environment_function *)function)(self, event, (void *)call->environment);
	case WITH_NOTHING: return ((plain_function *)function)(self, event);
	case WITH_DECISION: return ((decision_function *)function)(self, event, (void *)&decision);
	case OF_CONTAINER: return ((container_function *)function)(self, (void *)call->container);
	case WITH_PLAN: return call_with_plan(function, self, call);
	case WITH_USAGE:
		return ((usage_function *)function)(self, (void *)call->container, (void *)call);
	}
	abort();
}

static int run(struct module_call *call, struct module_result *ret, struct error *e)
{
	const struct module *m = module_named(call->module);
	const struct function *f = functions;
	void *function;

	while (f < functions + ARRAY_SIZE(functions) && f->function != call->function)
		f++;
	function = m && m->self && f < functions + ARRAY_SIZE(functions) ? function_of(m, f) : NULL;
	if (!function)
		return error_set(e, ENOSYS, "it has no %s",
				 enum_name(module_function_values, (int)call->function));
	reply_begin(m->name);
	if (!call_function(function, f->shape, m->self, call, ret))
		return 0;
	return error_set(e, EREMOTEIO, "%s",
			 reply_failure() ? reply_failure() : "it does not say why");
}

void answer_call(struct module_call *call, struct module_result *ret)
{
	struct error e;
	int r = call->function == MODULE_LOAD ? load(call, ret, &e) : run(call, ret, &e);

	if (r) {
		schema_clear(module_result_schema(), ret);
		ret->error = xstrdup(e.text);
		return;
	}
	ret->labels = take_ptr(call->labels);
	ret->environment = take_ptr(call->environment);
	ret->additions = take_ptr(call->additions);
	ret->usage = take_ptr(call->usage);
	ret->usage_count = call->usage_count;
	call->usage_count = 0;
}
