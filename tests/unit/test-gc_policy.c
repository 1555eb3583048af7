/* How long garbage is kept, on times that are passed in. */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_left_is_the_delay_less_the_age),
		cmocka_unit_test(a_clock_that_was_set_neither_keeps_for_ever_nor_less_than_nothing),
		cmocka_unit_test(the_fuller_the_disk_the_shorter_garbage_is_kept),
	};

	return cmocka_run_group_tests_name("gc_policy", tests, NULL, NULL);
}
