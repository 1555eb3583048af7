/*
 * What becomes of a hook that fails, crashes, hangs or returns what it may not, and of what needs
 * it.
 */
#include "tests/unit/hooks-fixture.h"

#include "lib/environment.h"

/* ---- what fails ---- */

static const struct example second_fails[] = {
	{ "labels", "org_example_labels", { "add=a=1" } },
	{ "labels", "org_example_labels_2", { "remove=a", "add=b=2", "fail=no luck" } },
	{ "labels", "org_example_labels_3", { "add=c=3" } },
};

static void set_up_second_fails(struct fixture *f, const char *hook_failure)
{
	options.hook_failure = hook_failure;
	SET_UP(f, second_fails, THREE_NAMES);
	start_hooks();
}

static void one_that_fails_has_changed_nothing(void **state)
{
	struct fixture *f = *state;
	autorun struct run r = { .done = 0 };

	set_up_second_fails(f, "ignore");
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

	set_up_second_fails(f, "fail");
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

	set_up_second_fails(f, "fail");
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
#define MISBEHAVES "hook org_example_misbehaves: slave_run_task_label_decorator failed: "

static void set_up_misbehaving(struct fixture *f, unsigned failures_max)
{
	options.hook_failures_max = failures_max;
	SET_UP(f, misbehaving, "org_example_misbehaves,org_example_labels");
	start_hooks();
}

static void one_that_crashes_too_often_is_called_no_more(void **state)
{
	struct fixture *f = *state;
	autorun struct run r = { .done = 0 };

	set_up_misbehaving(f, 2);
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

	options.hook_failure = "fail";
	set_up_misbehaving(f, 1);
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

	set_up_misbehaving(f, 2);
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

	set_up_misbehaving(f, 0);
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

/*
 * A decoration whose result is this, which a host never says unless a module has written over it.
 */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests_name("hooks-failing", tests, NULL, NULL);
}
