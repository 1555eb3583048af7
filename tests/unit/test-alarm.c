/* Alarms in a loop; a stop is made by moving the note of the clock into the past. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>
#include <cmocka.h>

#include "master/alarm.h"

#define GRACE_NS (30 * NSEC_PER_MSEC)

static sd_event *loop;
static struct alarms alarms;
static struct alarm bell;
static unsigned rung, turns;

static int setup(void **state unused)
{
	assert_true(sd_event_new(&loop) >= 0);
	alarms_start(&alarms, loop, GRACE_NS);
	bell = (struct alarm){ 0 };
	rung = turns = 0;
	return 0;
}

static int teardown(void **state unused)
{
	alarm_cancel(&bell);
	alarms_stop(&alarms);
	loop = sd_event_unref(loop);
	return 0;
}

static void ring(void *arg)
{
	++*(unsigned *)arg;
}

static void run_until_it_rings(void)
{
	int64_t end = now_ns() + 60 * NSEC_PER_SEC;

	while (!rung && now_ns() < end)
		assert_true(sd_event_run(loop, NSEC_PER_SEC / NSEC_PER_USEC) >= 0);
	assert_int_equal(rung, 1);
}

static void it_rings_once_when_its_time_is_over(void **state unused)
{
	int64_t start = now_ns();

	assert_false(alarm_is_set(&bell));
	alarm_set(&alarms, &bell, 20 * NSEC_PER_MSEC, ring, &rung);
	assert_true(alarm_is_set(&bell));
	run_until_it_rings();
	assert_true(now_ns() - start >= 20 * NSEC_PER_MSEC);
	assert_false(alarm_is_set(&bell));
}

static void one_that_was_cancelled_does_not(void **state unused)
{
	unsigned other = 0;
	struct alarm silent = { 0 };

	alarm_set(&alarms, &silent, 0, ring, &other);
	alarm_set(&alarms, &bell, 0, ring, &rung);
	assert_int_equal(rung, 0);
	alarm_cancel(&silent);
	run_until_it_rings();
	assert_int_equal(other, 0);
}

static void a_stop_puts_it_off_by_the_grace(void **state unused)
{
	int64_t start = now_ns();

	alarm_set(&alarms, &bell, 0, ring, &rung);
	alarms.awake.noted_ns -= 3600 * NSEC_PER_SEC;
	run_until_it_rings();
	assert_true(now_ns() - start >= GRACE_NS);
}

/* The loop is never idle: what there is to read stays there. */
static int on_flood(sd_event_source *s unused, int fd unused, uint32_t events unused,
		    void *arg unused)
{
	turns++;
	return 0;
}

static void a_loop_that_is_never_idle_delays_it_no_longer_than_its_patience(void **state unused)
{
	int64_t start = now_ns();
	sd_event_source *flood;
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(write(fds[1], "a", 1), 1);
	assert_true(sd_event_add_io(loop, &flood, fds[0], EPOLLIN, on_flood, NULL) >= 0);
	alarm_set(&alarms, &bell, 0, ring, &rung);
	run_until_it_rings();
	assert_true(now_ns() - start >= ALARM_PATIENCE_NS);
	assert_true(turns > 100);
	sd_event_source_disable_unref(flood);
	close(fds[0]);
	close(fds[1]);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_rings_once_when_its_time_is_over),
		TEST(one_that_was_cancelled_does_not),
		TEST(a_stop_puts_it_off_by_the_grace),
		TEST(a_loop_that_is_never_idle_delays_it_no_longer_than_its_patience),
	};

	return cmocka_run_group_tests_name("alarm", tests, NULL, NULL);
}
