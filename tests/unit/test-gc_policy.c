/* How long garbage is kept, on times that are passed in, and what the path of a sandbox is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "agent/gc_policy.h"

#define DAY (24 * 3600 * NSEC_PER_SEC)

static void what_is_left_is_the_delay_less_the_age(void **state unused)
{
	assert_int_equal(gc_left(7 * DAY, 100 * DAY, 100 * DAY), 7 * DAY);
	assert_int_equal(gc_left(7 * DAY, 100 * DAY, 103 * DAY), 4 * DAY);
	assert_int_equal(gc_left(7 * DAY, 100 * DAY, 107 * DAY), 0);
	assert_int_equal(gc_left(7 * DAY, 100 * DAY, 200 * DAY), 0);
	assert_int_equal(gc_left(0, 100 * DAY, 100 * DAY), 0);
}

static void a_clock_that_was_set_neither_keeps_for_ever_nor_less_than_nothing(void **state unused)
{
	assert_int_equal(gc_left(7 * DAY, 100 * DAY, 0), 7 * DAY);
	assert_int_equal(gc_left(7 * DAY, INT64_MAX, -5), 7 * DAY);
	assert_int_equal(gc_left(7 * DAY, INT64_MIN, 5), 0);
}

static void the_fuller_the_disk_the_shorter_garbage_is_kept(void **state unused)
{
	assert_int_equal(gc_max_age(100, 0, 0), 100);
	assert_int_equal(gc_max_age(100, 0.25, 0.25), 50);
	assert_int_equal(gc_max_age(100, 0.25, 0.75), 0);
	assert_int_equal(gc_max_age(100, 0.5, 0.75), 0);
	assert_int_equal(gc_max_age(100, 1, 0), 0);
	assert_int_equal(gc_max_age(7 * DAY, 0.125, 0.5), 7 * DAY / 8 * 3);
}

static void the_path_of_a_sandbox_has_eight_parts(void **state unused)
{
	struct gc_path p;

	assert_int_equal(gc_path_parse("slaves/A-S0/frameworks/F/executors/my task/runs/c-1", &p),
			 0);
	assert_string_equal(p.part[0], "slaves");
	assert_string_equal(p.part[GC_PATH_AGENT], "A-S0");
	assert_string_equal(p.part[5], "my task");
	assert_string_equal(p.part[GC_PATH_RUN], "c-1");
	gc_path_fini(&p);
	assert_null(p.text);
}

static void any_other_path_is_refused(void **state unused)
{
	static const char *const bad[] = {
		"",
		"/",
		"slaves",
		"meta",
		"/slaves/A/frameworks/F/executors/E/runs/C",
		"slaves/A/frameworks/F/executors/E/runs",
		"slaves/A/frameworks/F/executors/E/runs/",
		"slaves/A/frameworks/F/executors/E/runs/C/",
		"slaves/A/frameworks/F/executors/E/runs/C/x",
		"slaves/A/frameworks/F/executors/E/meta/C",
		"slaves/../frameworks/F/executors/E/runs/C",
		"slaves/A/frameworks/./executors/E/runs/C",
		"slaves//frameworks/F/executors/E/runs/C",
		"slaves/A/frameworks/F/executors/E/runs/..",
		"slaves/A/frameworks/F/executors/E/runs/.gone-C",
	};
	struct gc_path p = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(gc_path_parse(bad[i], &p), -EINVAL);
		assert_null(p.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_left_is_the_delay_less_the_age),
		cmocka_unit_test(a_clock_that_was_set_neither_keeps_for_ever_nor_less_than_nothing),
		cmocka_unit_test(the_fuller_the_disk_the_shorter_garbage_is_kept),
		cmocka_unit_test(the_path_of_a_sandbox_has_eight_parts),
		cmocka_unit_test(any_other_path_is_refused),
	};

	return cmocka_run_group_tests_name("gc_policy", tests, NULL, NULL);
}
