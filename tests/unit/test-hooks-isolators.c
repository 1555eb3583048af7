/*
 * Isolators of modules, as a chain: what they add is one plan, and one that fails ends the launch.
 */
#include "tests/unit/hooks-fixture.h"

#include "lib/fs.h"

/* ---- isolators ---- */

/*
 * Two of them, each with one parameter beside the file that they write; only the first is in
 * --isolation if alone.
 */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOOKS_TEST(isolators_add_to_one_plan),
		HOOKS_TEST(what_they_tell_of_usage_is_one_list),
		HOOKS_TEST(one_that_cannot_prepare_is_the_last_word),
		HOOKS_TEST(so_is_one_that_cannot_isolate),
		HOOKS_TEST(what_comes_later_may_fail),
		HOOKS_TEST(nothing_is_prepared_without_one_that_is_disabled),
		HOOKS_TEST(another_function_does_not_speak_for_one_that_crashes),
	};

	return cmocka_run_group_tests_name("hooks-isolators", tests, NULL, NULL);
}
