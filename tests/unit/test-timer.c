/* Timers that replace each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sys/epoll.h>

#include "lib/timer.h"
#include "tests/unit/loop.h"

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
		assert_true(loop_runs(loop));
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

static void one_that_comes_long_after_its_time_is_late(void **state unused)
{
	uint64_t now = (uint64_t)(now_ns() / NSEC_PER_USEC);

	assert_true(timer_late(now - 1000000));
	assert_false(timer_late(now));
	assert_false(timer_late(now + 1000000));
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

static int on_byte(sd_event_source *source unused, int fd, uint32_t events unused, void *arg)
{
	char byte;

	assert_int_equal(read(fd, &byte, 1), 1);
	++*(unsigned *)arg;
	return 0;
}

static int on_patient(sd_event_source *source unused, uint64_t usec unused, void *arg)
{
	assert_int_equal(*(unsigned *)arg, 3);
	second++;
	return 0;
}

static void a_patient_one_waits_until_all_is_read(void **state unused)
{
	sd_event_source *input;
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	timer_set_patient(loop, &timer, -NSEC_PER_SEC, on_patient, &first);
	assert_true(sd_event_add_io(loop, &input, fds[0], EPOLLIN, on_byte, &first) >= 0);
	assert_int_equal(write(fds[1], "abc", 3), 3);
	run_until(&second);
	sd_event_source_disable_unref(input);
	close(fds[0]);
	close(fds[1]);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_fires_once_and_not_early),
		TEST(a_new_one_replaces_the_old),
		TEST(the_past_is_now),
		TEST(a_patient_one_waits_until_all_is_read),
		TEST(one_that_comes_long_after_its_time_is_late),
	};

	return cmocka_run_group_tests_name("timer", tests, NULL, NULL);
}
