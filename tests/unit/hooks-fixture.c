/* A chain of hooks for the tests of them. */
#include "tests/unit/hooks-fixture.h"

struct hooks *hooks;
struct hooks_options options;

int hooks_set_up(void **state)
{
	options = (struct hooks_options){
		.hook_failure = "ignore",
		.hook_failures_max = 5,
		.functions = UINT64_MAX,
	};
	return modules_set_up(state);
}

int hooks_tear_down(void **state)
{
	hooks_free(take_ptr(hooks));
	return modules_tear_down(state);
}

void set_up(struct fixture *f, const struct example *list, size_t count, const char *names)
{
	struct error e = { 0 };

	configure(f, list, count);
	take(f);
	options.modules = f->modules;
	options.hooks = names;
	if (hooks_new(&options, &hooks, &e))
		fail_msg("%s", e.text);
}

void start_hooks(void)
{
	struct error e = { 0 };

	if (hooks_start(hooks, &e))
		fail_msg("%s", e.text);
}

void add_isolator(const char *name)
{
	struct error e = { 0 };

	if (hooks_add_isolator(hooks, name, &e))
		fail_msg("%s", e.text);
}

/* ---- runs ---- */

static void on_done(struct hook_run *r)
{
	container_of(r, struct run, hook)->done++;
}

void run_fini(struct run *r)
{
	hook_run_fini(&r->hook);
}

void *record(const struct schema *s, const char *text)
{
	void *rec = xcalloc(1, s->size);
	struct error e = { 0 };

	if (schema_decode_text(s, text, strlen(text), rec, &e))
		fail_msg("%s", e.text);
	return rec;
}

void start(struct run *r, enum module_function function)
{
	r->done = 0;
	r->hook.done = on_done;
	replace_str(&r->hook.subject, "task t");
	hooks_run(hooks, function, &r->hook);
}

void run(struct fixture *f, struct run *r, enum module_function function)
{
	start(r, function);
	RUN_UNTIL(f->loop, r->done);
	assert_int_equal(r->done, 1);
}

void set_labels(struct run *r, const char *text)
{
	struct error e = { 0 };

	schema_free(labels_schema(), r->hook.call.labels);
	if (labels_parse(text, &r->hook.call.labels, &e))
		fail_msg("%s", e.text);
}

void expect_labels(const struct run *r, const char *text)
{
	const struct labels *l = r->hook.call.labels;
	autobuf struct buf all = { 0 };

	for (size_t i = 0; i < l->labels_count; i++)
		buf_addf(&all, "%s%s:%s", i ? ";" : "", l->labels[i].key,
			 l->labels[i].value ? l->labels[i].value : "");
	assert_string_equal(buf_text(&all), text);
}

void expect_passed(const struct run *r)
{
	if (r->hook.failed)
		fail_msg("%s", r->hook.error.text);
}

void expect_failed(const struct run *r, const char *why)
{
	assert_true(r->hook.failed);
	assert_string_equal(r->hook.error.text, why);
}

void decorate(struct fixture *f, struct run *r, const char *id)
{
	autofree char *task = xasprintf("{\"name\":\"t\",\"task_id\":{\"value\":\"%s\"},"
					"\"agent_id\":{\"value\":\"a\"}}",
					id);

	run_fini(r);
	r->hook.call.task = record(task_info_schema(), task);
	set_labels(r, "own:0");
	run(f, r, HOOK_TASK_LABELS);
}

void isolate(struct fixture *f, struct run *r, enum module_function function)
{
	run_fini(r);
	r->hook.call.container =
		record(module_container_schema(),
		       "{\"container_id\":\"c\",\"sandbox\":\"/s\",\"user\":\"u\"}");
	run(f, r, function);
}

double metric(const char *name)
{
	const struct metrics set = hooks_metrics(hooks);
	autobuf struct buf text = { 0 };
	json_t *all, *found;
	double value;

	metrics_write(&set, 1, METRICS_JSON, &text);
	all = json_loadb(text.data, text.len, 0, NULL);
	found = json_object_get(all, name);
	if (!found)
		fail_msg("no metric %s in %s", name, buf_text(&text));
	value = json_number_value(found);
	json_decref(all);
	return value;
}

void expect_counts(const char *hook, double calls, double errors, double timeouts)
{
	static const char *const names[] = { "calls", "errors", "timeouts" };
	const double wanted[] = { calls, errors, timeouts };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		autofree char *name =
			xasprintf("hooks/%s/slave_run_task_label_decorator/%s", hook, names[i]);

		assert_true(metric(name) == wanted[i]);
	}
}

void expect_state(size_t i, const char *text)
{
	struct answer_modules list;

	hooks_list_modules(hooks, &list);
	assert_true(i < list.modules_count);
	assert_string_equal(list.modules[i].state, text);
	hooks_forget_modules(&list);
}

void expect_health(const char *text)
{
	autobuf struct buf said = { 0 };

	hooks_add_health(hooks, &said);
	assert_string_equal(buf_text(&said), text);
}
