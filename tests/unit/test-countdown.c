/* Time that runs only while we do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "master/countdown.h"

#define SECOND NSEC_PER_SEC
#define NOW    (1000 * SECOND)

static void it_is_over_when_the_ticks_make_up_its_time(void **state unused)
{
	struct countdown c;

	countdown_init(&c, 3 * SECOND, NOW);
	assert_false(countdown_tick(&c, NOW + SECOND));
	assert_false(countdown_tick(&c, NOW + 2 * SECOND));
	assert_false(countdown_tick(&c, NOW + 3 * SECOND - 1));
	assert_true(countdown_tick(&c, NOW + 3 * SECOND));
	assert_true(countdown_tick(&c, NOW + 3 * SECOND)); /* and stays so */
}

static void a_process_that_was_stopped_for_an_hour_has_used_up_one_step(void **state unused)
{
	struct countdown c;

	countdown_init(&c, 10 * SECOND, NOW);
	assert_false(countdown_tick(&c, NOW + SECOND));
	assert_false(countdown_tick(&c, NOW + 3600 * SECOND));
	assert_int_equal(c.left_ns, 9 * SECOND - COUNTDOWN_STEP_NS);
	assert_false(countdown_tick(&c, NOW + 3601 * SECOND));
	assert_int_equal(c.left_ns, 8 * SECOND - COUNTDOWN_STEP_NS);
}

static void the_next_tick_is_a_second_away_or_what_is_left(void **state unused)
{
	struct countdown c;

	countdown_init(&c, SECOND + SECOND / 4, NOW);
	assert_int_equal(countdown_next(&c), COUNTDOWN_TICK_NS);
	assert_false(countdown_tick(&c, NOW + SECOND));
	assert_int_equal(countdown_next(&c), SECOND / 4);
	assert_true(countdown_tick(&c, NOW + 2 * SECOND));
	assert_int_equal(countdown_next(&c), 0);
}

static void a_tick_longer_than_what_is_left_does_not_go_below_zero(void **state unused)
{
	struct countdown c;

	countdown_init(&c, 1, NOW);
	assert_true(countdown_tick(&c, NOW + COUNTDOWN_STEP_NS));
	assert_int_equal(c.left_ns, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_over_when_the_ticks_make_up_its_time),
		cmocka_unit_test(a_process_that_was_stopped_for_an_hour_has_used_up_one_step),
		cmocka_unit_test(the_next_tick_is_a_second_away_or_what_is_left),
		cmocka_unit_test(a_tick_longer_than_what_is_left_does_not_go_below_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
