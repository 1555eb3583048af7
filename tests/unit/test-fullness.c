/* When a disk counts as full, and how often that changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "agent/fullness.h"

#define S NSEC_PER_SEC

static void it_is_full_at_once_and_has_room_at_once(void **state unused)
{
	struct fullness f = { 0 };

	assert_false(fullness_look(&f, true, 1 * S));
	assert_true(fullness_set_full(&f, 2 * S));
	assert_false(fullness_set_full(&f, 3 * S));
	assert_false(fullness_look(&f, false, 4 * S));
	assert_true(fullness_look(&f, true, 5 * S));
	assert_false(fullness_look(&f, true, 6 * S));
	assert_false(f.full);
}

static void what_is_full_again_at_once_needs_room_for_a_minute(void **state unused)
{
	struct fullness f = { 0 };

	fullness_set_full(&f, 1 * S);
	assert_true(fullness_look(&f, true, 2 * S));
	assert_true(fullness_set_full(&f, 3 * S));
	assert_false(fullness_look(&f, true, 4 * S));
	assert_false(fullness_look(&f, true, 63 * S));
	assert_false(fullness_set_full(&f, 63 * S)); /* for a moment */
	assert_false(fullness_look(&f, true, 64 * S));
	assert_false(fullness_look(&f, true, 123 * S));
	assert_true(f.full);
	assert_true(fullness_look(&f, true, 124 * S));
	assert_false(f.full);
}

static void after_a_minute_it_is_as_if_it_had_never_been(void **state unused)
{
	struct fullness f = { 0 };

	fullness_set_full(&f, 1 * S);
	fullness_look(&f, true, 2 * S);
	assert_true(fullness_set_full(&f, 62 * S));
	assert_true(fullness_look(&f, true, 63 * S));
}

static void to_and_fro_each_second_is_news_a_few_times_in_ten_minutes(void **state unused)
{
	struct fullness f = { 0 };
	unsigned news = 0;

	for (int64_t t = 1; t <= 600; t++)
		news += t % 2 ? fullness_set_full(&f, t * S) : fullness_look(&f, true, t * S);
	assert_int_equal(news, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_full_at_once_and_has_room_at_once),
		cmocka_unit_test(what_is_full_again_at_once_needs_room_for_a_minute),
		cmocka_unit_test(after_a_minute_it_is_as_if_it_had_never_been),
		cmocka_unit_test(to_and_fro_each_second_is_news_a_few_times_in_ten_minutes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
