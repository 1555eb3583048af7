/* What a parent may leave a daemon: each case in a child that begins as a daemon does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "lib/daemon.h"

/* Whether fn, which is run in a child after `inherit` and daemon_init(), says yes. */
static bool holds(void (*inherit)(void), bool (*fn)(sd_event *loop))
{
	const struct daemon_options options = { .name = "test", .logging_level = "ERROR" };
	sd_event *loop = NULL;
	struct error e;
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		inherit();
		_exit(!daemon_init(&options, &loop, &e) && fn(loop) ? EXIT_SUCCESS : EXIT_FAILURE);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

static void close_standard(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		close(fd);
}

static bool are_open(sd_event *loop unused)
{
	return fcntl(0, F_GETFD) >= 0 && fcntl(1, F_GETFD) >= 0 && fcntl(2, F_GETFD) >= 0;
}

static void closed_descriptors_are_opened(void **state unused)
{
	assert_true(holds(close_standard, are_open));
}

static void ignore_all(void)
{
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_IGN);
}

static int on_child(sd_event_source *s, const siginfo_t *info, void *ctx unused)
{
	return sd_event_exit(sd_event_source_get_event(s), info->si_status == 7 ? 0 : 1);
}

static bool hears_of_its_child(sd_event *loop)
{
	pid_t pid = fork();

	if (!pid)
		_exit(7);
	return sd_event_add_child(loop, NULL, pid, WEXITED, on_child, NULL) >= 0 &&
	       !sd_event_loop(loop);
}

static void an_ignored_sigchld_takes_no_child_away(void **state unused)
{
	assert_true(holds(ignore_all, hears_of_its_child));
}

static int on_signal(sd_event_source *s, const struct signalfd_siginfo *info unused,
		     void *ctx unused)
{
	return sd_event_exit(sd_event_source_get_event(s), 0);
}

static bool hears_sigterm(sd_event *loop)
{
	struct error e;

	return !daemon_handle_signals(loop, on_signal, NULL, &e) && !kill(getpid(), SIGTERM) &&
	       !sd_event_loop(loop);
}

static void an_ignored_sigterm_is_heard(void **state unused)
{
	assert_true(holds(ignore_all, hears_sigterm));
}

static void block_all(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
}

static void what_was_blocked_is_heard(void **state unused)
{
	assert_true(holds(block_all, hears_sigterm));
	assert_true(holds(block_all, hears_of_its_child));
}

static bool blocks_only_ours(sd_event *loop unused)
{
	sigset_t now;

	return !sigprocmask(SIG_SETMASK, NULL, &now) && !sigismember(&now, SIGHUP) &&
	       !sigismember(&now, SIGALRM) && sigismember(&now, SIGCHLD);
}

static void no_other_signal_stays_blocked(void **state unused)
{
	assert_true(holds(block_all, blocks_only_ours));
}

static bool ignores_sighup(sd_event *loop unused)
{
	struct sigaction now;

	return !sigaction(SIGHUP, NULL, &now) && now.sa_handler == SIG_IGN;
}

static void nohup_is_respected(void **state unused)
{
	assert_true(holds(ignore_all, ignores_sighup));
}

static void nothing(void)
{
}

static bool outlives_a_broken_pipe(sd_event *loop unused)
{
	int fds[2];

	return !pipe(fds) && !close(fds[0]) && write(fds[1], "x", 1) < 0 && errno == EPIPE;
}

static void a_broken_pipe_is_an_error(void **state unused)
{
	assert_true(holds(nothing, outlives_a_broken_pipe));
}

static void limit_files_to_nothing(void)
{
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 0, 0 });
}

static bool outlives_a_large_file(sd_event *loop unused)
{
	char path[] = "/var/tmp/mesos-test-XXXXXX";
	int fd = mkstemp(path);

	unlink(path);
	return write(fd, "x", 1) < 0 && errno == EFBIG;
}

static void a_file_beyond_the_limit_is_an_error(void **state unused)
{
	assert_true(holds(limit_files_to_nothing, outlives_a_large_file));
}

static void leave_few_descriptors(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = 16;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static bool has_all_descriptors(sd_event *loop unused)
{
	struct rlimit limit;

	return !getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur == limit.rlim_max;
}

static void few_descriptors_become_as_many_as_may_be(void **state unused)
{
	assert_true(holds(leave_few_descriptors, has_all_descriptors));
}

static void hide_all(void)
{
	umask(077);
}

static bool hides_nothing(sd_event *loop unused)
{
	return umask(0) == 022;
}

static void the_umask_is_our_own(void **state unused)
{
	assert_true(holds(hide_all, hides_nothing));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(closed_descriptors_are_opened),
		cmocka_unit_test(an_ignored_sigchld_takes_no_child_away),
		cmocka_unit_test(an_ignored_sigterm_is_heard),
		cmocka_unit_test(what_was_blocked_is_heard),
		cmocka_unit_test(no_other_signal_stays_blocked),
		cmocka_unit_test(nohup_is_respected),
		cmocka_unit_test(a_broken_pipe_is_an_error),
		cmocka_unit_test(a_file_beyond_the_limit_is_an_error),
		cmocka_unit_test(few_descriptors_become_as_many_as_may_be),
		cmocka_unit_test(the_umask_is_our_own),
	};

	return cmocka_run_group_tests_name("daemon", tests, NULL, NULL);
}
