/* Timers that replace each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/timer.h"

static sd_event *loop;
static sd_event_source *timer;
static unsigned first, second;

static int setup(void **state unused)
{
	first = second = 0;
	return sd_event_new(&loop) < 0;
}

static int teardown(void **state unused)
{
	timer = sd_event_source_disable_unref(timer);
	loop = sd_event_unref(loop);
	return 0;
}

static int on_timer(sd_event_source *source unused, uint64_t usec unused, void *arg)
{
	++*(unsigned *)arg;
	return 0;
}

static void run_until(const unsigned *count)
{
	while (!*count)
		assert_true(sd_event_run(loop, 5000000) > 0);
}

static void it_fires_once_and_not_early(void **state unused)
{
	int64_t before = now_ns();

	timer_set(loop, &timer, 3 * NSEC_PER_MSEC, on_timer, &first);
	run_until(&first);
	assert_true(now_ns() - before >= 3 * NSEC_PER_MSEC);
	while (sd_event_run(loop, 0) > 0)
		continue;
	assert_int_equal(first, 1);
}

static void a_new_one_replaces_the_old(void **state unused)
{
	timer_set(loop, &timer, 0, on_timer, &first);
	timer_set(loop, &timer, NSEC_PER_MSEC, on_timer, &second);
	run_until(&second);
	assert_int_equal(first, 0);
}

static void the_past_is_now(void **state unused)
{
	timer_set(loop, &timer, -NSEC_PER_SEC, on_timer, &first);
	run_until(&first);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_fires_once_and_not_early),
		TEST(a_new_one_replaces_the_old),
		TEST(the_past_is_now),
	};

	return cmocka_run_group_tests_name("timer", tests, NULL, NULL);
}
