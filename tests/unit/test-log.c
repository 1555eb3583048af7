/* Log lines in a file of memory: their shape, their level, one line per event. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>

#include "lib/log.h"

static int file; /* another descriptor of what the log writes to */
static char text[8192];

static int setup(void **state unused)
{
	int fd = memfd_create("log", MFD_CLOEXEC);

	if (fd < 0)
		return -1;
	file = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	log_set_level(LOG_LEVEL_INFO);
	log_set_file(fd, true);
	return 0;
}

static int teardown(void **state unused)
{
	log_set_file(-EBADF, false);
	close_fd(&file);
	return 0;
}

static const char *logged(void)
{
	ssize_t n = pread(file, text, sizeof(text) - 1, 0);

	assert_true(n >= 0);
	text[n] = '\0';
	return text;
}

static void a_line_has_a_level_a_time_and_its_words(void **state unused)
{
	unsigned month, day, hour, minute, second, us;
	int end = 0;

	log_warning("task %s: odd n=%d", "t", 7);
	assert_int_equal(sscanf(logged(), "W%2u%2u %2u:%2u:%2u.%6u %n", &month, &day, &hour,
				&minute, &second, &us, &end),
			 6);
	assert_int_equal(end, strlen("W0102 03:04:05.123456 "));
	assert_string_equal(text + end, "task t: odd n=7\n");
	assert_true(month >= 1 && month <= 12 && day >= 1 && day <= 31 && hour < 24 && minute < 60);
}

static void lines_above_the_level_are_not_written(void **state unused)
{
	log_debug("no");
	assert_string_equal(logged(), "");
	log_set_level(LOG_LEVEL_ERROR);
	log_info("no");
	log_warning("no");
	assert_string_equal(logged(), "");
	log_error("yes");
	assert_int_equal(logged()[0], 'E');
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("yes");
	assert_non_null(strstr(logged(), "\nD"));
}

static void a_long_line_is_cut_and_still_ends(void **state unused)
{
	char words[6000];
	size_t n;

	memset(words, 'x', sizeof(words) - 1);
	words[sizeof(words) - 1] = '\0';
	log_info("%s", words);
	log_info("next");
	n = (size_t)(strchr(logged(), '\n') - text) + 1;
	assert_true(n <= 4096);
	assert_int_equal(text[n], 'I');
	assert_non_null(strstr(text + n, " next\n"));
}

static void what_strangers_cause_is_one_line_a_second(void **state unused)
{
	struct log_limit limit = { 0 };
	uint64_t left_out = 7;

	assert_true(log_permit(&limit, 5, &left_out));
	assert_int_equal(left_out, 0);
	assert_false(log_permit(&limit, 6, &left_out));
	assert_false(log_permit(&limit, 4 + NSEC_PER_SEC, &left_out));
	assert_true(log_permit(&limit, 5 + NSEC_PER_SEC, &left_out));
	assert_int_equal(left_out, 2);
	assert_false(log_permit(&limit, 6 + NSEC_PER_SEC, &left_out));
}

static void some_lines_may_follow_within_the_second(void **state unused)
{
	struct log_limit limit = { .more = 2 };
	uint64_t left_out = 7;

	for (int round = 0; round < 2; round++) {
		int64_t now = 5 + 2 * NSEC_PER_SEC * round;

		assert_true(log_permit(&limit, now, &left_out));
		assert_int_equal(left_out, round);
		assert_true(log_permit(&limit, now + 1, &left_out));
		assert_int_equal(left_out, 0);
		assert_true(log_permit(&limit, now + 2, &left_out));
		assert_false(log_permit(&limit, now + 3, &left_out));
	}
}

static void a_limited_line_says_how_many_were_left_out(void **state unused)
{
	struct log_limit limit = { .last_ns = now_ns() };
	const char *said;

	log_limited(&limit, LOG_LEVEL_INFO, "one %d", 1);
	limit.last_ns -= 2 * NSEC_PER_SEC;
	log_limited(&limit, LOG_LEVEL_INFO, "two %d", 2);
	limit.last_ns = 0;
	log_limited(&limit, LOG_LEVEL_INFO, "three");
	said = logged();
	assert_null(strstr(said, "one"));
	assert_non_null(strstr(said, "two 2 left_out=1\n"));
	assert_non_null(strstr(said, "three\n"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_line_has_a_level_a_time_and_its_words),
		TEST(lines_above_the_level_are_not_written),
		TEST(a_long_line_is_cut_and_still_ends),
		TEST(what_strangers_cause_is_one_line_a_second),
		TEST(some_lines_may_follow_within_the_second),
		TEST(a_limited_line_says_how_many_were_left_out),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
