/* A chain of hooks: what each sees and makes, what becomes of one that fails, and which is called no more. */
#include "tests/unit/modules-fixture.h"

#include <signal.h>

#include "lib/environment.h"
#include "lib/fs.h"
#include "lib/hooks.h"
#include "lib/labels.h"

#define HOOKS_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

static struct hooks *hooks;
static struct hooks_options options;

static int begin(void **state)
{
	options = (struct hooks_options){
		.hook_failure = "ignore",
		.hook_failures_max = 5,
		.functions = UINT64_MAX,
	};
	return modules_set_up(state);
}

static int end(void **state)
{
	hooks_free(take_ptr(hooks));
	return modules_tear_down(state);
}

/* --modules and --hooks; start_hooks() is to follow. */
static void set_up(struct fixture *f, const struct example *list, size_t count, const char *names)
{
	struct error e = { 0 };

	configure(f, list, count);
	take(f);
	options.modules = f->modules;
	options.hooks = names;
	if (hooks_new(&options, &hooks, &e))
		fail_msg("%s", e.text);
}

#define SET_UP(f, list, names) set_up(f, list, ARRAY_SIZE(list), names)

static void start_hooks(void)
{
	struct error e = { 0 };

	if (hooks_start(hooks, &e))
		fail_msg("%s", e.text);
}

static void add_isolator(const char *name)
{
	struct error e = { 0 };

	if (hooks_add_isolator(hooks, name, &e))
		fail_msg("%s", e.text);
}

/* ---- runs ---- */

struct run {
	struct hook_run hook;
	unsigned done;
};

static void on_done(struct hook_run *r)
{
	container_of(r, struct run, hook)->done++;
}

static void fini(struct run *r)
{
	hook_run_fini(&r->hook);
}

#define autorun cleanup(fini)

static void *record(const struct schema *s, const char *text)
{
	void *rec = xcalloc(1, s->size);
	struct error e = { 0 };

	if (schema_decode_text(s, text, strlen(text), rec, &e))
		fail_msg("%s", e.text);
	return rec;
}

static void start(struct run *r, enum module_function function)
{
	r->done = 0;
	r->hook.done = on_done;
	replace_str(&r->hook.subject, "task t");
	hooks_run(hooks, function, &r->hook);
}

static void run(struct fixture *f, struct run *r, enum module_function function)
{
	start(r, function);
	RUN_UNTIL(f, r->done);
	assert_int_equal(r->done, 1);
}

/* The labels of a task, as lib/labels.h has them as text, and what has become of them. */
static void set_labels(struct run *r, const char *text)
{
	struct error e = { 0 };

	schema_free(labels_schema(), r->hook.call.labels);
	if (labels_parse(text, &r->hook.call.labels, &e))
		fail_msg("%s", e.text);
}

static void expect_labels(const struct run *r, const char *text)
{
	const struct labels *l = r->hook.call.labels;
	autobuf struct buf all = { 0 };

	for (size_t i = 0; i < l->labels_count; i++)
		buf_addf(&all, "%s%s:%s", i ? ";" : "", l->labels[i].key,
			 l->labels[i].value ? l->labels[i].value : "");
	assert_string_equal(buf_text(&all), text);
}

static void expect_passed(const struct run *r)
{
	if (r->hook.failed)
		fail_msg("%s", r->hook.error.text);
}

static void expect_failed(const struct run *r, const char *why)
{
	assert_true(r->hook.failed);
	assert_string_equal(r->hook.error.text, why);
}

/* The labels of a task with this id are decorated, which had own:0. */
static void decorate(struct fixture *f, struct run *r, const char *id)
{
	autofree char *task = xasprintf("{\"name\":\"t\",\"task_id\":{\"value\":\"%s\"},"
					"\"agent_id\":{\"value\":\"a\"}}",
					id);

	fini(r);
	r->hook.call.task = record(task_info_schema(), task);
	set_labels(r, "own:0");
	run(f, r, HOOK_TASK_LABELS);
}

/* Isolators are asked for a container. */
static void isolate(struct fixture *f, struct run *r, enum module_function function)
{
	fini(r);
	r->hook.call.container =
		record(module_container_schema(),
		       "{\"container_id\":\"c\",\"sandbox\":\"/s\",\"user\":\"u\"}");
	run(f, r, function);
}

static double metric(const char *name)
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

/* Of decorations of the labels of a task. */
static void expect_counts(const char *hook, double calls, double errors, double timeouts)
{
	static const char *const names[] = { "calls", "errors", "timeouts" };
	const double wanted[] = { calls, errors, timeouts };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		autofree char *name =
			xasprintf("hooks/%s/slave_run_task_label_decorator/%s", hook, names[i]);

		assert_true(metric(name) == wanted[i]);
	}
}

/* ---- what they make ---- */

static const struct example three[] = {
	{ "labels", "org_example_labels", { "add=a=1", "add=b=1" } },
	{ "labels", "org_example_labels_2", { "set=a=2", "remove=b", "add=c=2" } },
	{ "labels", "org_example_labels_3", { "add=a=3" } },
};
#define THREE_NAMES "org_example_labels,org_example_labels_2,org_example_labels_3"

static void each_hook_sees_what_those_before_it_have_made(void **state)
{
	struct fixture *f = *state;
	autorun struct run r = { .done = 0 };

	SET_UP(f, three, THREE_NAMES);
	start_hooks();
	decorate(f, &r, "t");
	expect_passed(&r);
	expect_labels(&r, "own:0;a:2;c:2;a:3");
}

static void they_are_called_in_the_order_of_their_flag(void **state)
{
	struct fixture *f = *state;
	autorun struct run r = { .done = 0 };

	SET_UP(f, three, "org_example_labels_3,org_example_labels");
	start_hooks();
	decorate(f, &r, "t");
	expect_labels(&r, "own:0;a:3;a:1;b:1");
}

static void what_was_removed_is_gone(void **state)
{
	static const struct example list[] = {
		{ "labels", "org_example_labels", { "remove=own" } },
	};
	struct fixture *f = *state;
	autorun struct run r = { .done = 0 };

	SET_UP(f, list, "org_example_labels");
	start_hooks();
	decorate(f, &r, "t");
	expect_labels(&r, "");
}

static void an_environment_is_decorated(void **state)
{
	static const struct example list[] = {
		{ "environment", "org_example_environment", { "A=1", "B=", "D=1" } },
	};
	struct fixture *f = *state;
	autorun struct run r = { .done = 0 };
	autobuf struct buf all = { 0 };

	SET_UP(f, list, "org_example_environment");
	start_hooks();
	r.hook.call.environment =
		record(environment_schema(), "{\"variables\":[{\"name\":\"A\",\"value\":\"0\"},"
					     "{\"name\":\"B\",\"value\":\"0\"},"
					     "{\"name\":\"C\",\"value\":\"0\"}]}");
	run(f, &r, HOOK_ENVIRONMENT);
	schema_encode(environment_schema(), r.hook.call.environment, &all);
	assert_string_equal(buf_text(&all), "{\"variables\":[{\"name\":\"A\",\"value\":\"1\"},"
					    "{\"name\":\"C\",\"value\":\"0\"},"
					    "{\"name\":\"D\",\"value\":\"1\"}]}");
}

static void a_disk_limit_is_decided(void **state)
{
	static const struct example list[] = {
		{ "disk", "org_example_disk", { "decisions=limit=100,nothing" } },
	};
	struct fixture *f = *state;
	autorun struct run r = { .done = 0 }, other = { .done = 0 };

	SET_UP(f, list, "org_example_disk");
	start_hooks();
	run(f, &r, HOOK_DISK_LIMIT);
	assert_int_equal(r.hook.decision, DECIDE_LIMIT);
	assert_int_equal(r.hook.limit_bytes, 100);
	run(f, &other, HOOK_DISK_LIMIT);
	assert_int_equal(other.hook.decision, DECIDE_NOTHING);
}

static void nobody_is_called_for_what_no_hook_wants(void **state)
{
	struct fixture *f = *state;
	autorun struct run r = { .done = 0 };

	SET_UP(f, three, THREE_NAMES);
	start_hooks();
	assert_true(hooks_wanted(hooks, HOOK_TASK_LABELS));
	assert_false(hooks_wanted(hooks, HOOK_PRE_LAUNCH));
	assert_false(hooks_wanted(NULL, HOOK_TASK_LABELS));
	start(&r, HOOK_PRE_LAUNCH);
	assert_int_equal(r.done, 1);
	expect_passed(&r);
}

static void expect_state(size_t i, const char *text)
{
	struct answer_modules list;

	hooks_list_modules(hooks, &list);
	assert_true(i < list.modules_count);
	assert_string_equal(list.modules[i].state, text);
	hooks_forget_modules(&list);
}

static void one_that_has_nothing_to_be_called_for_is_idle(void **state)
{
	static const struct example list[] = {
		{ "environment", "org_example_environment", { NULL } },
		{ "labels", "org_example_labels", { NULL } },
		{ "labels", "org_example_labels_2", { NULL } },
	};
	struct fixture *f = *state;

	options.functions = BIT(HOOK_MASTER_LABELS);
	SET_UP(f, list, "org_example_environment,org_example_labels");
	start_hooks();
	expect_state(0, "idle");
	expect_state(1, "active");
	expect_state(2, "loaded");
}

/* ---- what fails ---- */

static const struct example second_fails[] = {
	{ "labels", "org_example_labels", { "add=a=1" } },
	{ "labels", "org_example_labels_2", { "remove=a", "add=b=2", "fail=no luck" } },
	{ "labels", "org_example_labels_3", { "add=c=3" } },
};

static void one_that_fails_has_changed_nothing(void **state)
{
	struct fixture *f = *state;
	autorun struct run r = { .done = 0 };

	SET_UP(f, second_fails, THREE_NAMES);
	start_hooks();
	decorate(f, &r, "t");
	expect_passed(&r);
	expect_labels(&r, "own:0;a:1;c:3");
	expect_counts("org_example_labels_2", 1, 1, 0);
	expect_counts("org_example_labels_3", 1, 0, 0);
}

static void or_is_the_last_one_where_a_failure_counts(void **state)
{
	struct fixture *f = *state;
	autorun struct run r = { .done = 0 };

	options.hook_failure = "fail";
	SET_UP(f, second_fails, THREE_NAMES);
	start_hooks();
	decorate(f, &r, "t");
	expect_failed(&r,
		      "hook org_example_labels_2: slave_run_task_label_decorator failed: no luck");
	expect_labels(&r, "own:0;a:1");
	expect_counts("org_example_labels_3", 0, 0, 0);
}

static void but_not_for_what_is_no_launch(void **state)
{
	struct fixture *f = *state;
	autorun struct run r = { .done = 0 };

	options.hook_failure = "fail";
	SET_UP(f, second_fails, THREE_NAMES);
	start_hooks();
	set_labels(&r, "own:0");
	run(f, &r, HOOK_STATUS_LABELS);
	expect_passed(&r);
	expect_labels(&r, "own:0;a:1;c:3");
}

/* A task's id says how the first one misbehaves. */
static const struct example misbehaving[] = {
	{ "misbehaves", "org_example_misbehaves", { NULL } },
	{ "labels", "org_example_labels", { "add=after=1" } },
};
#define MISBEHAVING_NAMES "org_example_misbehaves,org_example_labels"
#define MISBEHAVES        "hook org_example_misbehaves: slave_run_task_label_decorator failed: "

static void expect_health(const char *text)
{
	autobuf struct buf said = { 0 };

	hooks_add_health(hooks, &said);
	assert_string_equal(buf_text(&said), text);
}

static void one_that_crashes_too_often_is_called_no_more(void **state)
{
	struct fixture *f = *state;
	autorun struct run r = { .done = 0 };

	options.hook_failures_max = 2;
	SET_UP(f, misbehaving, MISBEHAVING_NAMES);
	start_hooks();
	decorate(f, &r, "abort-1");
	expect_passed(&r);
	expect_labels(&r, "own:0;after:1");
	expect_state(0, "active");
	expect_health("");
	decorate(f, &r, "abort-2");
	decorate(f, &r, "fine");
	expect_labels(&r, "own:0;after:1");
	expect_counts("org_example_misbehaves", 2, 2, 0);
	expect_counts("org_example_labels", 3, 0, 0);
	assert_true(metric("hooks/disabled") == 1);
	assert_true(metric("modules/host_restarts") == 2);
	expect_state(0, "disabled");
	expect_state(1, "active");
	expect_health("slave_run_task_label_decorator of hook org_example_misbehaves has crashed "
		      "or hung 2 times in a row and is called no more: mend it and restart the "
		      "daemon.\n");
	hooks_add_health(NULL, NULL);
}

static void what_needs_it_fails_where_a_failure_counts(void **state)
{
	struct fixture *f = *state;
	autorun struct run r = { .done = 0 };

	options.hook_failures_max = 1;
	options.hook_failure = "fail";
	SET_UP(f, misbehaving, MISBEHAVING_NAMES);
	start_hooks();
	decorate(f, &r, "abort-1");
	expect_failed(&r, MISBEHAVES "its process was ended by signal 6 (Aborted)");
	decorate(f, &r, "fine");
	expect_failed(&r, MISBEHAVES "it has crashed or hung too often");
	expect_labels(&r, "own:0");
	assert_true(hooks_wanted(hooks, HOOK_TASK_LABELS));
	expect_counts("org_example_misbehaves", 1, 1, 0);
}

static void what_works_or_says_no_in_between_is_healthy(void **state)
{
	struct fixture *f = *state;
	autorun struct run r = { .done = 0 };

	options.hook_failures_max = 2;
	SET_UP(f, misbehaving, MISBEHAVING_NAMES);
	start_hooks();
	decorate(f, &r, "abort-1");
	decorate(f, &r, "fine");
	expect_labels(&r, "own:0;behaved:;after:1");
	decorate(f, &r, "abort-2");
	decorate(f, &r, "utf8-3"); /* is refused, and says so */
	decorate(f, &r, "abort-4");
	assert_true(metric("hooks/disabled") == 0);
	expect_counts("org_example_misbehaves", 5, 4, 0);
	decorate(f, &r, "abort-5");
	assert_true(metric("hooks/disabled") == 1);
}

static void none_is_too_often_if_the_flag_says_so(void **state)
{
	struct fixture *f = *state;
	autorun struct run r = { .done = 0 };

	options.hook_failures_max = 0;
	SET_UP(f, misbehaving, MISBEHAVING_NAMES);
	start_hooks();
	decorate(f, &r, "abort-1");
	decorate(f, &r, "abort-2");
	decorate(f, &r, "fine");
	expect_labels(&r, "own:0;behaved:;after:1");
}

static void one_that_hangs_is_as_bad(void **state)
{
	static const struct example list[] = {
		{ "misbehaves", "org_example_misbehaves", { "how=sleep" } },
	};
	struct fixture *f = *state;
	autorun struct run r = { .done = 0 };

	f->o.hook_timeout = 100 * NSEC_PER_MSEC;
	options.hook_failures_max = 1;
	options.hook_failure = "fail";
	SET_UP(f, list, "org_example_misbehaves");
	start_hooks();
	decorate(f, &r, "t");
	expect_failed(&r, MISBEHAVES "it has not answered in time");
	expect_counts("org_example_misbehaves", 1, 1, 1);
	expect_state(0, "disabled");
}

/* A decoration whose result is this, which a host never says unless a module has written over it. */
static void forge(struct fixture *f, struct run *r, const char *result)
{
	autofree char *parameter = xasprintf("result=%s", result);
	const struct example list[] = { { "forges", "org_example_forges", { parameter } } };

	options.hook_failures_max = 1;
	options.hook_failure = "fail";
	SET_UP(f, list, "org_example_forges");
	start_hooks();
	decorate(f, r, "t");
}

/* It fails, and is no crash. */
static void expect_refused(struct fixture *f, const char *members, const char *why)
{
	autofree char *result = xasprintf("{\"number\":1,%s}", members);
	autofree char *sentence =
		xasprintf("hook org_example_forges: slave_run_task_label_decorator failed: %s",
			  why);
	autorun struct run r = { .done = 0 };

	forge(f, &r, result);
	expect_failed(&r, sentence);
	expect_labels(&r, "own:0");
	expect_counts("org_example_forges", 1, 1, 0);
	assert_true(metric("hooks/disabled") == 0);
}

static void labels_that_are_left_out_are_none(void **state)
{
	autorun struct run r = { .done = 0 };

	forge(*state, &r, "{\"number\":1}");
	expect_passed(&r);
	expect_labels(&r, "");
}

/* "[item,item]", with so many of them. */
static char *list_of(size_t count, const char *item)
{
	struct buf all = { 0 };

	for (size_t i = 0; i < count; i++)
		buf_addf(&all, "%c%s", i ? ',' : '[', item);
	buf_addc(&all, ']');
	return buf_take(&all);
}

static char *long_text(size_t len)
{
	char *text = xmalloc(len + 1);

	memset(text, 'v', len);
	text[len] = '\0';
	return text;
}

static void too_many_labels_are_refused(void **state)
{
	autofree char *list = list_of(1001, "{\"key\":\"k\"}");
	autofree char *members = xasprintf("\"labels\":{\"labels\":%s}", list);

	expect_refused(*state, members,
		       "1001 labels of 1001 bytes are more than the 1000 labels and 24576 bytes "
		       "that one thing may have");
}

static void labels_that_are_too_long_are_refused(void **state)
{
	autofree char *value = long_text(LABELS_MAX_BYTES);
	autofree char *members =
		xasprintf("\"labels\":{\"labels\":[{\"key\":\"k\",\"value\":\"%s\"}]}", value);

	expect_refused(*state, members,
		       "1 labels of 24577 bytes are more than the 1000 labels and 24576 bytes that "
		       "one thing may have");
}

#define VARIABLES "\"environment\":{\"variables\":%s}"

static void too_many_variables_are_refused(void **state)
{
	autofree char *list = list_of(4097, "{\"name\":\"V\",\"value\":\"\"}");
	autofree char *members = xasprintf(VARIABLES, list);

	expect_refused(*state, members,
		       "the environment has more than 4096 variables or 524288 bytes");
}

static void variables_that_are_too_long_are_refused(void **state)
{
	autofree char *value = long_text(ENVIRONMENT_MAX_BYTES);
	autofree char *list = xasprintf("[{\"name\":\"V\",\"value\":\"%s\"}]", value);
	autofree char *members = xasprintf(VARIABLES, list);

	expect_refused(*state, members,
		       "the environment has more than 4096 variables or 524288 bytes");
}

static void a_name_that_is_none_is_refused(void **state)
{
	expect_refused(*state,
		       "\"environment\":{\"variables\":[{\"name\":\"A=B\",\"value\":\"\"}]}",
		       "environment: 'A=B' is no variable");
}

static void a_variable_without_a_value_is_refused(void **state)
{
	expect_refused(*state, "\"environment\":{\"variables\":[{\"name\":\"A\"}]}",
		       "environment: 'A' is no variable");
}

static void too_many_numbers_are_refused(void **state)
{
	autofree char *list = list_of(65, "{\"name\":\"n\",\"value\":1}");
	autofree char *members = xasprintf("\"usage\":%s", list);

	expect_refused(*state, members, "usage: more than 64 numbers");
}

/* ---- isolators ---- */

/* Two of them, each with one parameter beside the file that they write; only the first is in --isolation if alone. */
static void set_up_isolators(struct fixture *f, const char *first, const char *second)
{
	autofree char *calls = path_join(f->dir, "calls"), *file = xasprintf("file=%s", calls);
	const struct example list[] = {
		{ "isolator", "org_example_isolator", { file, first } },
		{ "isolator", "org_example_isolator_2", { file, second } },
	};

	SET_UP(f, list, NULL);
	add_isolator("org_example_isolator");
	if (second)
		add_isolator("org_example_isolator_2");
	start_hooks();
}

static void isolators_add_to_one_plan(void **state)
{
	struct fixture *f = *state;
	autorun struct run r = { .done = 0 };
	autofree char *additions = NULL;

	set_up_isolators(f, "variable=A=1", "variable=B=2");
	isolate(f, &r, ISOLATOR_PREPARE);
	expect_passed(&r);
	additions = json_dumps(r.hook.call.additions, JSON_COMPACT);
	assert_string_equal(additions, "{\"environment\":[\"A=1\",\"B=2\"]}");
}

static void what_they_tell_of_usage_is_one_list(void **state)
{
	struct fixture *f = *state;
	autorun struct run r = { .done = 0 };

	set_up_isolators(f, "nofile=1", "nofile=2");
	isolate(f, &r, ISOLATOR_USAGE);
	assert_int_equal(r.hook.call.usage_count, 1);
	assert_string_equal(r.hook.call.usage[0].name, "given_mem");
}

static void one_that_cannot_prepare_is_the_last_word(void **state)
{
	struct fixture *f = *state;
	autorun struct run r = { .done = 0 };

	set_up_isolators(f, "fails=prepare", "variable=B=2");
	isolate(f, &r, ISOLATOR_PREPARE);
	expect_failed(&r, "isolator org_example_isolator: prepare failed: prepare says no");
	assert_null(r.hook.call.additions);
}

static void so_is_one_that_cannot_isolate(void **state)
{
	struct fixture *f = *state;
	autorun struct run r = { .done = 0 };

	set_up_isolators(f, "fails=isolate", NULL);
	isolate(f, &r, ISOLATOR_ISOLATE);
	expect_failed(&r, "isolator org_example_isolator: isolate failed: isolate says no");
}

static void what_comes_later_may_fail(void **state)
{
	struct fixture *f = *state;
	autorun struct run r = { .done = 0 };

	options.hook_failure = "fail";
	set_up_isolators(f, "fails=update", "variable=B=2");
	isolate(f, &r, ISOLATOR_UPDATE);
	expect_passed(&r);
	assert_true(metric("hooks/org_example_isolator/update/errors") == 1);
	assert_true(metric("hooks/org_example_isolator_2/update/calls") == 1);
}

static void nothing_is_prepared_without_one_that_is_disabled(void **state)
{
	struct fixture *f = *state;
	autorun struct run r = { .done = 0 };

	options.hook_failures_max = 1;
	set_up_isolators(f, "crashes=prepare", NULL);
	isolate(f, &r, ISOLATOR_PREPARE);
	expect_failed(&r, "isolator org_example_isolator: prepare failed: its process was ended by "
			  "signal 6 (Aborted)");
	isolate(f, &r, ISOLATOR_PREPARE);
	expect_failed(&r, "isolator org_example_isolator: prepare failed: it has crashed or hung "
			  "too often");
	assert_non_null(strstr(hooks_missing(hooks), "is disabled"));
	isolate(f, &r, ISOLATOR_CLEANUP); /* what runs still ends */
	expect_passed(&r);
	assert_true(metric("hooks/org_example_isolator/cleanup/calls") == 1);
	expect_health("prepare of isolator org_example_isolator has crashed or hung 1 times in a "
		      "row and is called no more: mend it and restart the daemon.\n");
}

/* cleanup works each time that prepare has failed: that is no excuse for it. */
static void another_function_does_not_speak_for_one_that_crashes(void **state)
{
	struct fixture *f = *state;
	/* Without it, it crashes again. */
	autofree char *mark = path_join(f->dir, "calls.crashes.prepare");
	autorun struct run r = { .done = 0 };

	options.hook_failures_max = 2;
	set_up_isolators(f, "crashes=prepare", NULL);
	for (int i = 0; i < 2; i++) {
		assert_null(hooks_missing(hooks));
		isolate(f, &r, ISOLATOR_PREPARE);
		assert_true(r.hook.failed);
		assert_int_equal(unlink(mark), 0);
		isolate(f, &r, ISOLATOR_CLEANUP);
		expect_passed(&r);
	}
	assert_non_null(hooks_missing(hooks));
}

/* ---- one that is stopped ---- */

/* The second one waits for a file. */
static void set_up_waiting(struct fixture *f)
{
	autofree char *go = path_join(f->dir, "go"), *until = xasprintf("until=%s", go);
	const struct example list[] = {
		{ "labels", "org_example_labels", { "add=a=1" } },
		{ "status", "org_example_status", { until } },
	};

	SET_UP(f, list, "org_example_labels,org_example_status");
	start_hooks();
}

static void begin_status(struct run *r, const char *task_state)
{
	autofree char *status =
		xasprintf("{\"task_id\":{\"value\":\"t\"},\"state\":\"%s\"}", task_state);

	r->hook.call.status = record(task_status_schema(), status);
	set_labels(r, "own:0");
	start(r, HOOK_STATUS_LABELS);
}

static void one_that_is_stopped_is_not_done(void **state)
{
	struct fixture *f = *state;
	autorun struct run r = { .done = 0 }, behind = { .done = 0 };

	set_up_waiting(f);
	begin_status(&r, "TASK_RUNNING");
	RUN_UNTIL(f,
		  metric("hooks/org_example_labels/slave_task_status_label_decorator/calls") == 1);
	begin_status(&behind, "TASK_FINISHED");
	fini(&r); /* its call is with the host */
	free(put_file(f, "go", ""));
	RUN_UNTIL(f, behind.done);
	expect_labels(&behind, "own:0;a:1;state:TASK_FINISHED;reason:");
	assert_int_equal(r.done, 0);
	assert_true(metric("hooks/org_example_status/slave_task_status_label_decorator/calls") ==
		    1);
}

/* It hangs, and its task is killed meanwhile, each time. */
static void what_nobody_waits_for_is_blamed_for_what_it_does(void **state)
{
	static const struct example list[] = {
		{ "misbehaves", "org_example_misbehaves", { "how=sleep" } },
	};
	struct fixture *f = *state;

	f->o.hook_timeout = 100 * NSEC_PER_MSEC;
	options.hook_failures_max = 2;
	SET_UP(f, list, "org_example_misbehaves");
	start_hooks();
	for (unsigned i = 1; i <= 2; i++) {
		autorun struct run r = { .done = 0 };

		r.hook.call.task =
			record(task_info_schema(), "{\"name\":\"t\",\"task_id\":{\"value\":\"t\"},"
						   "\"agent_id\":{\"value\":\"a\"}}");
		set_labels(&r, "own:0");
		start(&r, HOOK_TASK_LABELS);
		fini(&r);
		RUN_UNTIL(f, f->restarted == i); /* what is not begun is forgotten */
		assert_int_equal(r.done, 0);
	}
	expect_counts("org_example_misbehaves", 2, 2, 2);
	expect_state(0, "disabled");
}

static void nor_is_it_called_while_its_process_is_away(void **state)
{
	struct fixture *f = *state;
	autorun struct run r = { .done = 0 }, behind = { .done = 0 };
	struct module_state s;

	set_up_waiting(f);
	free(put_file(f, "go", ""));
	assert_true(modules_state(f->modules, 0, &s));
	modules_state_fini(&s);
	kill((pid_t)s.host_pid, SIGKILL);
	RUN_UNTIL(f, modules_restarts(f->modules) == 1);
	begin_status(&r, "TASK_RUNNING");
	begin_status(&behind, "TASK_FINISHED");
	fini(&r);
	RUN_UNTIL(f, behind.done);
	expect_labels(&behind, "own:0;a:1;state:TASK_FINISHED;reason:");
	assert_true(metric("hooks/org_example_labels/slave_task_status_label_decorator/calls") ==
		    1);
}

/* ---- flags ---- */

static void expect_flags_refused(struct fixture *f, const char *names, const char *why)
{
	struct error e = { 0 };

	options.modules = f->modules;
	options.hooks = names;
	assert_int_equal(hooks_new(&options, &hooks, &e), -EINVAL);
	assert_string_equal(e.text, why);
	assert_null(hooks);
}

static void flags_have_to_fit(void **state)
{
	struct fixture *f = *state;

	configure(f, three, ARRAY_SIZE(three));
	take(f);
	expect_flags_refused(f, "nobody",
			     "Error installing hooks: No hook module named 'nobody' available");
	expect_flags_refused(f, "org_example_labels,",
			     "Error installing hooks: No hook module named '' available");
	expect_flags_refused(
		f, "org_example_labels_2,org_example_labels_2",
		"Error installing hooks: Hook module 'org_example_labels_2' already loaded");
	options.hook_failure = "Fail";
	expect_flags_refused(f, NULL, "--hook_failure: 'Fail' is neither ignore nor fail");
}

static void an_isolator_is_named_once(void **state)
{
	struct fixture *f = *state;
	struct error e = { 0 };

	SET_UP(f, three, "org_example_labels");
	add_isolator("org_example_labels_2");
	assert_int_equal(hooks_add_isolator(hooks, "org_example_labels", &e), -EINVAL);
	assert_string_equal(e.text, "--isolation: module 'org_example_labels' is named twice, here "
				    "or in --hooks");
	assert_int_equal(hooks_add_isolator(hooks, "org_example_labels_2", &e), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOOKS_TEST(each_hook_sees_what_those_before_it_have_made),
		HOOKS_TEST(they_are_called_in_the_order_of_their_flag),
		HOOKS_TEST(what_was_removed_is_gone),
		HOOKS_TEST(an_environment_is_decorated),
		HOOKS_TEST(a_disk_limit_is_decided),
		HOOKS_TEST(nobody_is_called_for_what_no_hook_wants),
		HOOKS_TEST(one_that_has_nothing_to_be_called_for_is_idle),
		HOOKS_TEST(one_that_fails_has_changed_nothing),
		HOOKS_TEST(or_is_the_last_one_where_a_failure_counts),
		HOOKS_TEST(but_not_for_what_is_no_launch),
		HOOKS_TEST(one_that_crashes_too_often_is_called_no_more),
		HOOKS_TEST(what_needs_it_fails_where_a_failure_counts),
		HOOKS_TEST(what_works_or_says_no_in_between_is_healthy),
		HOOKS_TEST(none_is_too_often_if_the_flag_says_so),
		HOOKS_TEST(one_that_hangs_is_as_bad),
		HOOKS_TEST(labels_that_are_left_out_are_none),
		HOOKS_TEST(too_many_labels_are_refused),
		HOOKS_TEST(labels_that_are_too_long_are_refused),
		HOOKS_TEST(too_many_variables_are_refused),
		HOOKS_TEST(variables_that_are_too_long_are_refused),
		HOOKS_TEST(a_name_that_is_none_is_refused),
		HOOKS_TEST(a_variable_without_a_value_is_refused),
		HOOKS_TEST(too_many_numbers_are_refused),
		HOOKS_TEST(isolators_add_to_one_plan),
		HOOKS_TEST(what_they_tell_of_usage_is_one_list),
		HOOKS_TEST(one_that_cannot_prepare_is_the_last_word),
		HOOKS_TEST(so_is_one_that_cannot_isolate),
		HOOKS_TEST(what_comes_later_may_fail),
		HOOKS_TEST(nothing_is_prepared_without_one_that_is_disabled),
		HOOKS_TEST(another_function_does_not_speak_for_one_that_crashes),
		HOOKS_TEST(one_that_is_stopped_is_not_done),
		HOOKS_TEST(what_nobody_waits_for_is_blamed_for_what_it_does),
		HOOKS_TEST(nor_is_it_called_while_its_process_is_away),
		HOOKS_TEST(flags_have_to_fit),
		HOOKS_TEST(an_isolator_is_named_once),
	};

	return cmocka_run_group_tests_name("hooks", tests, NULL, NULL);
}
