/*
 * Log lines in a file of memory: their shape, their level, one line per event; and in places that
 * are full.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>

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

/* ---- who does not read ---- */

/* Makes `to`, which is taken, our standard error while fn runs with the end that nobody reads. */
static void instead_of_standard_error(int to, int from, bool again, void (*fn)(int from))
{
	int kept = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);

	log_set_file(-EBADF, false);
	dup2(to, STDERR_FILENO);
	close(to);
	if (again)
		log_set_standard();
	fn(from);
	dup2(kept, STDERR_FILENO);
	close(kept);
	log_set_standard();
	close(from);
}

/* All that is there now. */
static size_t drain(int from, char *to, size_t size)
{
	struct pollfd p = { .fd = from, .events = POLLIN };
	size_t n = 0;
	ssize_t got;

	while (poll(&p, 1, 0) == 1 && (got = read(from, to + n, size - 1 - n)) > 0)
		n += (size_t)got;
	to[n] = '\0';
	return n;
}

static void fill_and_drain(int from)
{
	static char all[4 * MIB];
	uint64_t before = log_dropped(), missing;
	unsigned lines = 0;
	char note[64];

	for (; log_dropped() < before + 10; lines++)
		log_info("line %u of more than anybody reads", lines);
	drain(from, all, sizeof(all));
	assert_null(strstr(all, "dropped="));
	missing = log_dropped() - before;
	log_info("the next");
	drain(from, all, sizeof(all));
	snprintf(note, sizeof(note), "dropped=%llu", (unsigned long long)missing);
	assert_non_null(strstr(all, note));
	assert_non_null(strstr(all, " the next"));
	log_info("one more");
	drain(from, all, sizeof(all));
	assert_null(strstr(all, "dropped="));
	assert_int_equal(all[0], 'I');
	assert_int_equal(log_dropped(), before + missing);
}

static void a_pipe(bool again)
{
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	fcntl(fds[1], F_SETPIPE_SZ, 16384);
	instead_of_standard_error(fds[1], fds[0], again, fill_and_drain);
}

static void a_pipe_that_nobody_reads_is_not_waited_for(void **state unused)
{
	a_pipe(true);
}

static void a_pipe_is_not_waited_for_before_the_log_was_told_of_it_either(void **state unused)
{
	a_pipe(false);
}

static void nor_is_a_socket(void **state unused)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	instead_of_standard_error(fds[1], fds[0], true, fill_and_drain);
}

static void nor_is_a_terminal(void **state unused)
{
	int here, there;

	assert_int_equal(openpty(&here, &there, NULL, NULL, NULL), 0);
	instead_of_standard_error(there, here, true, fill_and_drain);
}

static void log_for_nobody(int from unused)
{
	uint64_t before = log_dropped();

	log_info("nobody");
	assert_int_equal(log_dropped(), before + 1);
}

static void a_pipe_whose_reader_is_gone_is_no_harm(void **state unused)
{
	int fds[2], none = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	close(fds[0]);
	signal(SIGPIPE, SIG_IGN);
	instead_of_standard_error(fds[1], none, true, log_for_nobody);
}

static void look_at_flags(int from unused)
{
	assert_false(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK);
}

static void those_who_share_the_pipe_may_go_on_waiting(void **state unused)
{
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	instead_of_standard_error(fds[1], fds[0], true, look_at_flags);
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
		TEST(a_pipe_is_not_waited_for_before_the_log_was_told_of_it_either),
		TEST(a_pipe_that_nobody_reads_is_not_waited_for),
		TEST(nor_is_a_socket),
		TEST(nor_is_a_terminal),
		TEST(a_pipe_whose_reader_is_gone_is_no_harm),
		TEST(those_who_share_the_pipe_may_go_on_waiting),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
