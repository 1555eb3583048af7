/* The rate limit, with a clock that is passed in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/ratelimit.h"

#define SECOND NSEC_PER_SEC
#define MINUTE (60 * SECOND)

static struct ratelimit limit;
static struct ratelimit_ticket t[4];

/* Four that ask at once. */
static void ask(int64_t interval_ns)
{
	memset(t, 0, sizeof(t));
	ratelimit_init(&limit, interval_ns);
	for (size_t i = 0; i < ARRAY_SIZE(t); i++)
		ratelimit_request(&limit, &t[i]);
}

/* At this very moment it is this one's turn, and not one nanosecond earlier. */
static void granted_at(int64_t at, const struct ratelimit_ticket *whom)
{
	assert_int_equal(ratelimit_next(&limit, at - 1), at);
	assert_null(ratelimit_grant(&limit, at - 1));
	assert_ptr_equal(ratelimit_grant(&limit, at), whom);
	assert_false(ratelimit_queued(whom));
}

static int64_t interval(const char *text)
{
	struct error e = { .text = "(none)" };
	int64_t ns = -1;

	if (ratelimit_parse(text, &ns, &e))
		fail_msg("%s: %s", text, e.text);
	return ns;
}

static void a_rate_is_an_interval(void **state unused)
{
	assert_int_equal(interval("1/1mins"), MINUTE);
	assert_int_equal(interval("5/1mins"), 12 * SECOND);
	assert_int_equal(interval("10/5mins"), 30 * SECOND);
	assert_int_equal(interval("2/3hrs"), 90 * MINUTE);
	assert_int_equal(interval("1/1.5mins"), 90 * SECOND);
	assert_int_equal(interval("1/1ns"), 1);
}

static void what_is_no_rate_is_refused_with_the_format(void **state unused)
{
	static const char *const wrong[] = {
		"0/1mins",   "1/0secs",   "x",
		"1.5/1mins", "-1/1mins",  "1/1mins/1",
		"",          "/",         "1/",
		"/1mins",    "1/-1mins",  "1 /1mins",
		"1/1 mins",  "1/1parsec", "1",
		"1//1mins",  "+1/1mins",  "99999999999999999999/1mins",
		"2/1ns",     "1/1mins ",  "1/9999999weeks",
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		int64_t ns = 42;
		struct error e;

		if (ratelimit_parse(wrong[i], &ns, &e) != -EINVAL)
			fail_msg("'%s' is taken for a rate", wrong[i]);
		assert_int_equal(ns, 42);
		assert_non_null(strstr(e.text, "<number>/<duration>, as in 1/10mins"));
		assert_non_null(strstr(e.text, wrong[i]));
	}
}

static void permits_are_spaced_evenly_and_the_first_comes_at_once(void **state unused)
{
	ask(MINUTE);
	assert_int_equal(limit.queued, 4);
	assert_ptr_equal(ratelimit_grant(&limit, 0), &t[0]);
	granted_at(MINUTE, &t[1]);
	granted_at(2 * MINUTE, &t[2]);
	granted_at(3 * MINUTE, &t[3]);
	assert_int_equal(limit.queued, 0);
	assert_int_equal(ratelimit_next(&limit, 0), INT64_MAX);
	assert_null(ratelimit_grant(&limit, INT64_MAX));
}

static void who_leaves_the_middle_gives_its_place_to_the_next(void **state unused)
{
	ask(MINUTE);
	assert_ptr_equal(ratelimit_grant(&limit, 0), &t[0]);
	ratelimit_cancel(&limit, &t[1]);
	assert_false(ratelimit_queued(&t[1]));
	granted_at(MINUTE, &t[2]);
	granted_at(2 * MINUTE, &t[3]);
}

static void who_leaves_the_end_gives_its_place_to_who_comes_later(void **state unused)
{
	struct ratelimit_ticket later = { 0 };

	ask(MINUTE);
	ratelimit_grant(&limit, 0);
	for (size_t i = 1; i < ARRAY_SIZE(t); i++)
		ratelimit_cancel(&limit, &t[i]);
	assert_int_equal(ratelimit_next(&limit, 0), INT64_MAX);
	assert_null(ratelimit_grant(&limit, MINUTE / 2));
	ratelimit_request(&limit, &later);
	granted_at(MINUTE, &later);
}

static void leaving_twice_or_without_being_there_is_harmless(void **state unused)
{
	struct ratelimit_ticket stranger = { 0 };

	ask(MINUTE);
	ratelimit_cancel(&limit, &stranger);
	ratelimit_cancel(&limit, &t[2]);
	ratelimit_cancel(&limit, &t[2]);
	assert_int_equal(limit.queued, 3);
	ratelimit_request(&limit, &t[2]);
	assert_int_equal(limit.queued, 4);
}

static void idling_saves_nothing_up(void **state unused)
{
	ask(MINUTE);
	for (size_t i = 1; i < ARRAY_SIZE(t); i++)
		ratelimit_cancel(&limit, &t[i]);
	ratelimit_grant(&limit, 0);
	ratelimit_request(&limit, &t[0]);
	ratelimit_request(&limit, &t[1]);
	assert_ptr_equal(ratelimit_grant(&limit, 100 * MINUTE), &t[0]);
	assert_null(ratelimit_grant(&limit, 100 * MINUTE));
	granted_at(101 * MINUTE, &t[1]);
}

static void a_process_that_was_stopped_for_an_hour_lets_one_go(void **state unused)
{
	ask(MINUTE);
	ratelimit_grant(&limit, 0);
	assert_ptr_equal(ratelimit_grant(&limit, 60 * MINUTE + 7), &t[1]);
	assert_null(ratelimit_grant(&limit, 60 * MINUTE + 7));
	granted_at(61 * MINUTE + 7, &t[2]);
}

static void a_pause_keeps_the_order_and_saves_nothing_up(void **state unused)
{
	ask(MINUTE);
	ratelimit_grant(&limit, 0);
	limit.paused = true;
	assert_int_equal(ratelimit_next(&limit, 0), INT64_MAX);
	assert_null(ratelimit_grant(&limit, 10 * MINUTE));
	limit.paused = false;
	assert_int_equal(ratelimit_next(&limit, 10 * MINUTE), 10 * MINUTE);
	assert_ptr_equal(ratelimit_grant(&limit, 10 * MINUTE), &t[1]);
	granted_at(11 * MINUTE, &t[2]);
}

static void a_short_pause_brings_the_next_permit_no_nearer(void **state unused)
{
	ask(MINUTE);
	ratelimit_grant(&limit, 0);
	limit.paused = true;
	limit.paused = false;
	granted_at(MINUTE, &t[1]);
}

static void without_a_limit_all_go_at_once_unless_it_is_paused(void **state unused)
{
	ask(0);
	limit.paused = true;
	assert_null(ratelimit_grant(&limit, 5));
	limit.paused = false;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		assert_int_equal(ratelimit_next(&limit, 5), 5);
		assert_ptr_equal(ratelimit_grant(&limit, 5), &t[i]);
	}
}

static void the_longest_interval_does_not_overflow(void **state unused)
{
	ask(INT64_MAX);
	assert_ptr_equal(ratelimit_grant(&limit, MINUTE), &t[0]);
	assert_null(ratelimit_grant(&limit, INT64_MAX - 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rate_is_an_interval),
		cmocka_unit_test(what_is_no_rate_is_refused_with_the_format),
		cmocka_unit_test(permits_are_spaced_evenly_and_the_first_comes_at_once),
		cmocka_unit_test(who_leaves_the_middle_gives_its_place_to_the_next),
		cmocka_unit_test(who_leaves_the_end_gives_its_place_to_who_comes_later),
		cmocka_unit_test(leaving_twice_or_without_being_there_is_harmless),
		cmocka_unit_test(idling_saves_nothing_up),
		cmocka_unit_test(a_process_that_was_stopped_for_an_hour_lets_one_go),
		cmocka_unit_test(a_pause_keeps_the_order_and_saves_nothing_up),
		cmocka_unit_test(a_short_pause_brings_the_next_permit_no_nearer),
		cmocka_unit_test(without_a_limit_all_go_at_once_unless_it_is_paused),
		cmocka_unit_test(the_longest_interval_does_not_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
