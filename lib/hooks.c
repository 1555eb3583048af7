/* A chain of calls, and what it says of each hook. */
#include "lib/hooks.h"

#include "lib/environment.h"
#include "lib/labels.h"
#include "lib/log.h"
#include "lib/views.h"
#include "mesos/hook.h"
#include "mesos/isolator.h"

#include "lib/metrics-structs.h"
#include "lib/metrics-hooks.def"
#include "lib/metrics-end.h"

#include "lib/metrics-tables.h"
#include "lib/metrics-hooks.def"
#include "lib/metrics-end.h"

/* Those of enum module_function. */
#define FUNCTIONS_MAX (ISOLATOR_CLEANUP + 1)

/*
 * Each function is judged for itself: that another one works does not speak for one that always
 * hangs.
 */
struct hook_function {
	uint64_t calls, errors, timeouts;
	struct histogram seconds;
	uint64_t failures; /* in a row */
	bool disabled;
};

struct hook {
	const char *what; /* "hook" or "isolator" */
	char *name;
	struct hook_function functions[FUNCTIONS_MAX];
};

struct hooks {
	struct hooks_options o;
	bool fail;
	struct hook *list;
	size_t count;
	struct list waiting; /* runs, of which a call waits */
	struct hook_metrics metrics;
};

static void on_unheard(void *ctx, const char *module, enum module_function function,
		       const struct error *e);

/* ---- which there are ---- */

static struct hook *find(const struct hooks *h, const char *name)
{
	for (size_t i = 0; i < h->count; i++)
		if (!strcmp(h->list[i].name, name))
			return &h->list[i];
	return NULL;
}

static void add(struct hooks *h, const char *what, const char *name, const char *kind)
{
	h->list = xreallocarray(h->list, h->count + 1, sizeof(*h->list));
	h->list[h->count++] = (struct hook){ .what = what, .name = xstrdup(name) };
	modules_want(h->o.modules, name, kind);
}

static int add_hook(struct hooks *h, const char *name, struct error *e)
{
	if (!modules_have(h->o.modules, name))
		return error_set(e, EINVAL, "No hook module named '%s' available", name);
	if (find(h, name))
		return error_set(e, EINVAL, "Hook module '%s' already loaded", name);
	add(h, "hook", name, MESOS_HOOK_KIND);
	return 0;
}

int hooks_add_isolator(struct hooks *h, const char *name, struct error *e)
{
	if (find(h, name))
		return error_set(e, EINVAL,
				 "--isolation: module '%s' is named twice, here or in --hooks",
				 name);
	add(h, "isolator", name, MESOS_ISOLATOR_KIND);
	return 0;
}

static int read_flags(struct hooks *h, struct error *e)
{
	autofree char *copy = h->o.hooks ? xstrdup(h->o.hooks) : NULL;
	char *rest = copy, *name;

	h->fail = !strcmp(h->o.hook_failure, "fail");
	if (!h->fail && strcmp(h->o.hook_failure, "ignore"))
		return error_set(e, EINVAL, "--hook_failure: '%s' is neither ignore nor fail",
				 h->o.hook_failure);
	while ((name = strsep(&rest, ",")))
		if (add_hook(h, name, e))
			return error_wrap(e, "Error installing hooks");
	return 0;
}

int hooks_new(const struct hooks_options *o, struct hooks **ret, struct error *e)
{
	struct hooks *h = xcalloc(1, sizeof(*h));

	h->o = *o;
	list_init(&h->waiting);
	if (read_flags(h, e)) {
		hooks_free(h);
		return -e->code;
	}
	modules_watch_unheard(o->modules, on_unheard, h);
	*ret = h;
	return 0;
}

void hooks_free(struct hooks *h)
{
	if (!h)
		return;
	modules_watch_unheard(h->o.modules, NULL, NULL);
	for (size_t i = 0; i < h->count; i++)
		free(h->list[i].name);
	free(h->list);
	free(h);
}

/* Whether it has this function, and this daemon calls it. */
static bool is_called(const struct hooks *h, const struct hook *hook, int f)
{
	return h->o.functions & BIT(f) &&
	       modules_has_function(h->o.modules, hook->name, (enum module_function)f);
}

/* An isolator without functions is as idle as a hook without those that this daemon calls. */
static bool is_idle(const struct hooks *h, const struct hook *hook)
{
	for (int f = 0; f < FUNCTIONS_MAX; f++)
		if (is_called(h, hook, f))
			return false;
	return true;
}

int hooks_start(struct hooks *h, struct error *e)
{
	int r = modules_start(h->o.modules, e);

	for (size_t i = 0; !r && i < h->count; i++)
		if (is_idle(h, &h->list[i]))
			log_warning("%s %s: has no function that this daemon calls",
				    h->list[i].what, h->list[i].name);
	return r;
}

/* ---- a run ---- */

/*
 * A launch that an isolator could not prepare would run without what isolates it; what is no launch
 * happened already.
 */
static bool must_pass(const struct hooks *h, enum module_function f)
{
	static const uint64_t isolation = BIT(ISOLATOR_PREPARE) | BIT(ISOLATOR_ISOLATE);
	static const uint64_t launch = BIT(HOOK_MASTER_LABELS) | BIT(HOOK_TASK_LABELS) |
				       BIT(HOOK_ENVIRONMENT) | BIT(HOOK_PRE_LAUNCH);

	return BIT(f) & (h->fail ? isolation | launch : isolation);
}

/* One that is disabled is still wanted where nothing may happen without it. */
static bool wants(const struct hooks *h, const struct hook *hook, enum module_function f)
{
	return (must_pass(h, f) || !hook->functions[f].disabled) &&
	       modules_has_function(h->o.modules, hook->name, f);
}

bool hooks_wanted(const struct hooks *h, enum module_function f)
{
	for (size_t i = 0; h && i < h->count; i++)
		if (wants(h, &h->list[i], f))
			return true;
	return false;
}

/* Saying no is no fault of a hook, and neither is what another one did to its process. */
static void blame(const struct hooks *h, struct hook *hook, enum module_function function,
		  const struct error *e)
{
	struct hook_function *f = &hook->functions[function];

	if (e->code == HOST_CALL_FAILED)
		f->failures = 0;
	if (e->code != HOST_CALL_CRASHED && e->code != HOST_CALL_LATE)
		return;
	f->failures++;
	if (f->failures != h->o.hook_failures_max)
		return;
	log_error("%s %s: %s has crashed or hung %llu times in a row and is called no more until "
		  "the daemon is restarted%s",
		  hook->what, hook->name, enum_name(module_function_values, (int)function),
		  (unsigned long long)f->failures,
		  must_pass(h, function) ? "; what needs it fails" : "");
	f->disabled = true;
}

static void failed(struct hook_run *r, struct hook *hook, const struct error *e)
{
	const char *function = enum_name(module_function_values, (int)r->call.function);

	if (!hook->functions[r->call.function].disabled) {
		log_warning_often("%s %s: %s: %s failed: %s", hook->what, hook->name, r->subject,
				  function, e->text);
		blame(r->hooks, hook, r->call.function, e);
	}
	if (!must_pass(r->hooks, r->call.function) || r->failed)
		return;
	r->failed = true;
	r->error = *e;
	error_wrap(&r->error, "%s %s: %s failed", hook->what, hook->name, function);
}

/* A host keeps to this by itself, unless a module has written into its memory. */
static int check(const struct module_result *result, struct error *e)
{
	int r = labels_check(result->labels, NULL, e);

	if (!r)
		r = environment_check(result->environment, e);
	if (!r && result->usage_count > HOOK_USAGE_MAX)
		r = error_set(e, E2BIG, "usage: more than %d numbers", HOOK_USAGE_MAX);
	if (r)
		e->code = HOST_CALL_FAILED;
	return r;
}

/* What it made takes the place of what was. */
static void take(struct hook_run *r, struct module_result *result)
{
	if (r->call.labels) {
		schema_free(labels_schema(), r->call.labels);
		r->call.labels = take_ptr(result->labels);
		if (!r->call.labels)
			r->call.labels = xcalloc(1, sizeof(*r->call.labels));
	}
	if (r->call.environment) {
		schema_free(environment_schema(), r->call.environment);
		r->call.environment = take_ptr(result->environment);
		if (!r->call.environment)
			r->call.environment = xcalloc(1, sizeof(*r->call.environment));
	}
	if (result->additions) {
		json_decref(r->call.additions);
		r->call.additions = take_ptr(result->additions);
	}
	if (result->usage) {
		for (size_t i = 0; i < r->call.usage_count; i++)
			schema_clear(usage_value_schema(), &r->call.usage[i]);
		free(r->call.usage);
		r->call.usage = take_ptr(result->usage);
		r->call.usage_count = result->usage_count;
		result->usage_count = 0;
	}
	if (result->has_decision && result->decision != DECIDE_NOTHING) {
		r->decision = result->decision;
		r->limit_bytes = result->limit_bytes;
	}
}

static void step(struct hook_run *r);

static const struct error too_often = { EPERM, "it has crashed or hung too often" };

static struct hook_run *find_waiting(struct hooks *h, const struct hook *hook,
				     enum module_function f)
{
	struct hook_run *r;

	list_for_each(r, &h->waiting, node)
		if (r->call.function == f && &h->list[r->next] == hook)
			return r;
	return NULL;
}

/*
 * Runs that wait for what was disabled go on as those that come to it later do; that may end them,
 * and others.
 */
static void release_waiting(struct hooks *h, const struct hook *hook, enum module_function f)
{
	struct hook_run *r;

	while ((r = find_waiting(h, hook, f))) {
		host_call_cancel(take_ptr(r->waiting));
		list_remove(&r->node);
		step(r);
	}
}

static void after_disabling(struct hooks *h, const struct hook *hook, enum module_function f)
{
	release_waiting(h, hook, f);
	if (h->o.disabled)
		h->o.disabled(h->o.ctx);
}

static void on_result(void *ctx, struct module_result *result, const struct error *e)
{
	struct hook_run *r = ctx;
	struct hook *hook = &r->hooks->list[r->next++];
	struct hook_function *f = &hook->functions[r->call.function];
	enum module_function function = r->call.function;
	struct hooks *h = r->hooks;
	bool was_disabled = f->disabled;
	struct error bad;

	r->waiting = NULL;
	list_remove(&r->node);
	if (result && check(result, &bad)) {
		result = NULL;
		e = &bad;
	}
	f->calls++;
	histogram_add(&f->seconds, ns_seconds(now_ns() - r->since_ns));
	f->errors += !result;
	f->timeouts += !result && e->code == HOST_CALL_LATE;
	if (result) {
		f->failures = 0;
		take(r, result);
	} else {
		failed(r, hook, e);
	}
	step(r);
	if (f->disabled && !was_disabled)
		after_disabling(h, hook, function);
}

/* Whoever it was for has ended meanwhile: nobody is the worse for it but the hook. */
static void on_unheard(void *ctx, const char *module, enum module_function function,
		       const struct error *e)
{
	struct hooks *h = ctx;
	struct hook *hook = find(h, module);
	struct hook_function *f = &hook->functions[function];

	f->calls++;
	f->errors++;
	f->timeouts += e->code == HOST_CALL_LATE;
	if (f->disabled)
		return;
	log_warning_often("%s %s: %s failed: %s; nobody waits for it any more", hook->what,
			  hook->name, enum_name(module_function_values, (int)function), e->text);
	blame(h, hook, function, e);
	if (f->disabled)
		after_disabling(h, hook, function);
}

/* Calls the next one, or is done. */
static void step(struct hook_run *r)
{
	struct hooks *h = r->hooks;

	for (; r->next < h->count && !r->failed; r->next++) {
		struct hook *hook = &h->list[r->next];

		if (!wants(h, hook, r->call.function))
			continue;
		if (hook->functions[r->call.function].disabled) {
			failed(r, hook, &too_often);
			continue;
		}
		r->call.module = hook->name;
		r->since_ns = now_ns();
		r->waiting = modules_call(h->o.modules, &r->call, on_result, r);
		list_append(&h->waiting, &r->node);
		return;
	}
	r->done(r);
}

void hooks_run(struct hooks *h, enum module_function f, struct hook_run *r)
{
	assert(!r->waiting && r->done && f < FUNCTIONS_MAX);
	r->hooks = h;
	r->call.function = f;
	r->call.has_function = true;
	r->next = 0;
	step(r);
}

void hook_run_fini(struct hook_run *r)
{
	if (r->waiting) {
		host_call_cancel(r->waiting);
		list_remove(&r->node);
	}
	r->call.module = NULL; /* is the hook's */
	schema_clear(module_call_schema(), &r->call);
	free(r->subject);
	*r = (struct hook_run){ .subject = NULL };
}

static bool is_disabled(const struct hook *hook)
{
	for (size_t f = 0; f < FUNCTIONS_MAX; f++)
		if (hook->functions[f].disabled)
			return true;
	return false;
}

const char *hooks_missing(const struct hooks *h)
{
	for (size_t i = 0; i < h->count; i++)
		for (int f = 0; f < FUNCTIONS_MAX; f++) {
			const struct hook *hook = &h->list[i];

			if (!must_pass(h, (enum module_function)f) || !is_called(h, hook, f))
				continue;
			if (hook->functions[f].disabled)
				return "a hook or isolator that every launch needs is disabled";
			if (modules_have_lost(h->o.modules, hook->name))
				return "a hook or isolator that every launch needs cannot be "
				       "loaded";
		}
	return NULL;
}

/* ---- what is shown ---- */

void hooks_list_modules(const struct hooks *h, struct answer_modules *ret)
{
	struct module_state s;

	*ret = (struct answer_modules){ .modules = NULL };
	while (modules_state(h->o.modules, ret->modules_count, &s)) {
		const struct hook *hook = find(h, s.module->name);

		if (hook && is_disabled(hook))
			s.state = (char *)(uintptr_t) "disabled";
		else if (hook && is_idle(h, hook))
			s.state = (char *)(uintptr_t) "idle";
		ret->modules =
			xreallocarray(ret->modules, ret->modules_count + 1, sizeof(*ret->modules));
		ret->modules[ret->modules_count++] = s;
	}
}

void hooks_forget_modules(struct answer_modules *list)
{
	for (size_t i = 0; i < list->modules_count; i++)
		modules_state_fini(&list->modules[i]);
	free(list->modules);
}

void hooks_add_modules(const struct hooks *h, struct buf *out)
{
	struct answer_modules list;

	hooks_list_modules(h, &list);
	buf_adds(out, "{\"modules\":");
	view_open(out);
	for (size_t i = 0; i < list.modules_count; i++) {
		view_item(out);
		schema_encode(module_state_schema(), &list.modules[i], out);
	}
	view_close(out);
	buf_addc(out, '}');
	hooks_forget_modules(&list);
}

void hooks_add_health(const struct hooks *h, struct buf *out)
{
	if (h)
		modules_add_health(h->o.modules, out);
	for (size_t i = 0; h && i < h->count; i++)
		for (int f = 0; f < FUNCTIONS_MAX; f++)
			if (h->list[i].functions[f].disabled)
				buf_addf(out,
					 "%s of %s %s has crashed or hung %llu times in a row and "
					 "is called no more: mend it and restart the daemon.\n",
					 enum_name(module_function_values, f), h->list[i].what,
					 h->list[i].name,
					 (unsigned long long)h->list[i].functions[f].failures);
}

static void sample(const struct metric *m, struct metrics_writer *w, const struct hook *hook,
		   const char *function, const struct hook_function *counts)
{
	const struct metric_label labels[] = {
		{ .name = "hook", .value = hook->name },
		{ .name = "function", .value = function },
		{ .name = NULL },
	};
	const char *last = strrchr(m->mesos, '/') + 1;
	autofree char *name = NULL;

	if (m->kind == METRIC_HISTOGRAM) {
		name = xasprintf("hooks/%s/%s/seconds", hook->name, function);
		metrics_histogram(w, name, labels, &counts->seconds);
		return;
	}
	name = xasprintf("hooks/%s/%s/%s", hook->name, function, last);
	metrics_sample(w, name, labels,
		       (double)(!strcmp(last, "calls")    ? counts->calls
				: !strcmp(last, "errors") ? counts->errors
							  : counts->timeouts));
}

static void write_family(const struct metric *m, struct metrics_writer *w, void *ctx)
{
	const struct hooks *h = ctx;

	for (size_t i = 0; i < h->count; i++)
		for (int f = 0; f < FUNCTIONS_MAX; f++)
			if (is_called(h, &h->list[i], f))
				sample(m, w, &h->list[i], enum_name(module_function_values, f),
				       &h->list[i].functions[f]);
}

struct metrics hooks_metrics(struct hooks *h)
{
	h->metrics.disabled = 0;
	for (size_t i = 0; i < h->count; i++)
		h->metrics.disabled += is_disabled(&h->list[i]);
	h->metrics.restarts = (double)modules_restarts(h->o.modules);
	return (struct metrics){ hook_metrics_table(), &h->metrics, write_family, h };
}

const struct metric *hooks_metrics_table(void)
{
	return hook_metrics_table();
}
