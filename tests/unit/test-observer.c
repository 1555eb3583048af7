/* The failure detector, with a clock that is passed in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "master/observer.h"

#define SECOND NSEC_PER_SEC

/* Of a master that never stood still: both clocks are one. */
static enum observer_action tick(struct observer *o, int64_t now)
{
	return observer_tick(o, now, now);
}

static void the_first_ping_is_due_at_once(void **state unused)
{
	struct observer o;

	observer_init(&o, 15 * SECOND, 5, 100 * SECOND);
	assert_int_equal(o.due_ns, 100 * SECOND);
	assert_int_equal(tick(&o, 100 * SECOND), OBSERVER_PING);
	assert_int_equal(o.sequence, 1);
	assert_int_equal(o.due_ns, 115 * SECOND);
}

static void nothing_happens_before_the_next_ping_is_due(void **state unused)
{
	struct observer o;

	observer_init(&o, 15 * SECOND, 5, 0);
	tick(&o, 0);
	assert_int_equal(tick(&o, 15 * SECOND - 1), OBSERVER_WAIT);
	assert_int_equal(o.misses, 0);
	assert_int_equal(tick(&o, 15 * SECOND), OBSERVER_PING);
	assert_int_equal(o.misses, 1);
}

static void a_silent_agent_is_given_up_after_interval_times_misses(void **state unused)
{
	struct observer o;
	int64_t now = 0;
	unsigned pings = 0;

	observer_init(&o, 15 * SECOND, 5, now);
	while (tick(&o, now) == OBSERVER_PING) {
		pings++;
		now = o.due_ns;
	}
	assert_int_equal(pings, 5);
	assert_int_equal(now, 75 * SECOND);
}

static void an_agent_is_told_to_dial_again_before_it_is_given_up(void **state unused)
{
	struct observer o;

	observer_init(&o, 15 * SECOND, 5, 0);
	assert_int_equal(observer_ping_timeout_ns(&o), 67500 * NSEC_PER_MSEC);
	observer_init(&o, 15 * SECOND, 2, 0);
	assert_int_equal(observer_ping_timeout_ns(&o), 22500 * NSEC_PER_MSEC);
	observer_init(&o, 15 * SECOND, 1, 0);
	assert_int_equal(observer_ping_timeout_ns(&o), 22500 * NSEC_PER_MSEC);
}

static void a_pong_at_the_last_moment_clears_the_record(void **state unused)
{
	struct observer o;
	int64_t now = 0;

	observer_init(&o, SECOND, 3, 0);
	for (; now < 3 * SECOND; now += SECOND)
		assert_int_equal(tick(&o, now), OBSERVER_PING);
	observer_pong(&o);
	for (; now < 6 * SECOND; now += SECOND)
		assert_int_equal(tick(&o, now), OBSERVER_PING);
	assert_int_equal(tick(&o, now), OBSERVER_GIVE_UP);
}

static void an_agent_that_answers_is_never_given_up(void **state unused)
{
	struct observer o;

	observer_init(&o, SECOND, 1, 0);
	for (int64_t now = 0; now < 1000 * SECOND; now += SECOND) {
		assert_int_equal(tick(&o, now), OBSERVER_PING);
		observer_pong(&o);
	}
	assert_int_equal(o.sequence, 1000);
}

static void giving_up_is_said_once_and_pinging_goes_on(void **state unused)
{
	struct observer o;
	int64_t now = 0;
	unsigned said = 0;

	observer_init(&o, SECOND, 3, 0);
	for (; now < 100 * SECOND; now += SECOND) {
		enum observer_action action = tick(&o, now);

		assert_int_not_equal(action, OBSERVER_WAIT);
		said += action == OBSERVER_GIVE_UP;
		assert_int_equal(said, now >= 3 * SECOND);
	}
	assert_int_equal(o.sequence, 100);
	observer_pong(&o);
	assert_int_equal(o.misses, 0);
	for (; now < 103 * SECOND; now += SECOND)
		assert_int_equal(tick(&o, now), OBSERVER_PING);
	assert_int_equal(tick(&o, now), OBSERVER_GIVE_UP);
}

static void an_agent_is_late_from_its_first_miss_to_its_next_pong(void **state unused)
{
	struct observer o;

	observer_init(&o, SECOND, 5, 0);
	tick(&o, 0);
	assert_false(o.late);
	assert_true(observer_would_blame(&o, SECOND));
	tick(&o, SECOND);
	assert_true(o.late);
	tick(&o, 2 * SECOND);
	assert_true(o.late);
	observer_pong(&o);
	assert_false(o.late);
	assert_false(observer_would_blame(&o, 3 * SECOND));
	tick(&o, 3 * SECOND);
	assert_false(o.late);
}

static void who_is_forgiven_is_counted_from_the_start_and_stays_late(void **state unused)
{
	struct observer o;
	int64_t now = 0;

	observer_init(&o, SECOND, 3, 0);
	while (tick(&o, now) == OBSERVER_PING)
		now += SECOND;
	observer_forgive(&o);
	assert_true(o.late);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(tick(&o, now += SECOND), OBSERVER_PING);
	assert_true(o.late);
	assert_int_equal(tick(&o, now += SECOND), OBSERVER_GIVE_UP);
}

static void a_master_that_was_stopped_for_an_hour_counts_no_miss(void **state unused)
{
	struct observer o;

	observer_init(&o, 15 * SECOND, 1, 0);
	assert_int_equal(observer_tick(&o, 0, 0), OBSERVER_PING);
	assert_false(observer_would_blame(&o, SECOND));
	assert_int_equal(observer_tick(&o, 3600 * SECOND, SECOND), OBSERVER_PING);
	assert_int_equal(o.misses, 0);
	assert_false(o.late);
	assert_int_equal(o.sequence, 2);
	assert_int_equal(o.due_ns, 3615 * SECOND);
	assert_int_equal(observer_tick(&o, 3615 * SECOND, 16 * SECOND), OBSERVER_GIVE_UP);
}

static void a_stop_of_less_than_two_intervals_counts_no_miss_either(void **state unused)
{
	struct observer o;

	observer_init(&o, 2 * SECOND, 1, 0);
	assert_int_equal(observer_tick(&o, 0, 0), OBSERVER_PING);
	assert_int_equal(observer_tick(&o, 37 * SECOND / 10, 0), OBSERVER_PING);
	assert_false(o.late);
}

static void a_stop_keeps_the_misses_that_were_counted_before(void **state unused)
{
	struct observer o;

	observer_init(&o, SECOND, 3, 0);
	observer_tick(&o, 0, 0);
	observer_tick(&o, SECOND, SECOND);
	observer_tick(&o, 100 * SECOND, SECOND);
	assert_int_equal(o.misses, 1);
	assert_true(o.late);
	assert_int_equal(observer_tick(&o, 101 * SECOND, 2 * SECOND), OBSERVER_PING);
	assert_int_equal(observer_tick(&o, 102 * SECOND, 3 * SECOND), OBSERVER_GIVE_UP);
}

static void an_agent_has_a_whole_interval_to_answer_after_a_stop(void **state unused)
{
	struct observer o;

	observer_init(&o, 2 * SECOND, 1, 0);
	observer_tick(&o, 0, 0);
	observer_tick(&o, 10 * SECOND, SECOND); /* asked while the clock stands */
	assert_int_equal(observer_tick(&o, 12 * SECOND, 2 * SECOND), OBSERVER_PING);
	assert_int_equal(observer_tick(&o, 14 * SECOND, 4 * SECOND), OBSERVER_GIVE_UP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_ping_is_due_at_once),
		cmocka_unit_test(nothing_happens_before_the_next_ping_is_due),
		cmocka_unit_test(a_silent_agent_is_given_up_after_interval_times_misses),
		cmocka_unit_test(an_agent_is_told_to_dial_again_before_it_is_given_up),
		cmocka_unit_test(a_pong_at_the_last_moment_clears_the_record),
		cmocka_unit_test(an_agent_that_answers_is_never_given_up),
		cmocka_unit_test(giving_up_is_said_once_and_pinging_goes_on),
		cmocka_unit_test(an_agent_is_late_from_its_first_miss_to_its_next_pong),
		cmocka_unit_test(who_is_forgiven_is_counted_from_the_start_and_stays_late),
		cmocka_unit_test(a_master_that_was_stopped_for_an_hour_counts_no_miss),
		cmocka_unit_test(a_stop_of_less_than_two_intervals_counts_no_miss_either),
		cmocka_unit_test(an_agent_has_a_whole_interval_to_answer_after_a_stop),
		cmocka_unit_test(a_stop_keeps_the_misses_that_were_counted_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
