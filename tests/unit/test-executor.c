/*
 * A life of one container in mesos-executor, and no life at all; the agent is there all the time.
 */
#include "tests/unit/executor-fixture.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "lib/fs.h"

#define BOMB_ALIVE 48
#define BOMB_FORKS 200000

/*
 * The bomb: every process forks while fewer than BOMB_ALIVE are alive, so whoever is
 * killed is replaced, in a session of its own, as soon as its parent has noticed.
 */
static int bomb(void)
{
	int *counts = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int *alive = &counts[0], *forks = &counts[1], ready = open("ready", O_WRONLY | O_CLOEXEC);

	while (__atomic_load_n(forks, __ATOMIC_RELAXED) < BOMB_FORKS) {
		if (__atomic_load_n(alive, __ATOMIC_RELAXED) < BOMB_ALIVE) {
			__atomic_add_fetch(forks, 1, __ATOMIC_RELAXED);
			if (__atomic_add_fetch(alive, 1, __ATOMIC_RELAXED) == BOMB_ALIVE &&
			    write(ready, "\n", 1) < 0)
				return 1;
			if (!fork())
				setsid();
		}
		while (waitpid(-1, NULL, WNOHANG) > 0)
			__atomic_sub_fetch(alive, 1, __ATOMIC_RELAXED);
	}
	return 0;
}

/* ---- a life ---- */

static void a_command_runs_and_is_announced_as_in_mesos(void **state)
{
	struct agent *a = *state;
	autofree char *expected = NULL;

	launch(a, "sh", "-c", "echo $$ > pid; echo hello");
	send_message(a, TO_SUPERVISOR_START, NULL);
	expect_plain(a, SUPERVISOR_STARTED);
	expect_exited(a, 0);
	finish(a, 0);
	autofree char *pid = read_text(a, "pid");

	pid[strcspn(pid, "\n")] = '\0';
	expected = xasprintf("Registered executor on node\nStarting task t1\n"
			     "sh -c 'echo $$ > pid; echo hello'\nForked command at %s\nhello\n"
			     "Command exited with status 0 (pid: %s)\n",
			     pid, pid);
	expect_file(a, "stdout", expected);
	expect_file(a, "stderr", "");
}

static void a_custom_executor_is_not_announced(void **state)
{
	struct agent *a = *state;

	a->plan.task_id = NULL;
	start(a, "echo mine");
	expect_exited(a, 0);
	finish(a, 0);
	expect_file(a, "stdout", "mine\n");
}

static void an_exit_status_is_told(void **state)
{
	struct agent *a = *state;

	start(a, "exit 3");
	expect_exited(a, 3 << 8);
	finish(a, 0);
	expect_in_file(a, "stdout", "Command exited with status 3 (pid: ");
}

static void a_deadly_signal_is_told(void **state)
{
	struct agent *a = *state;

	start(a, "kill -9 $$");
	expect_exited(a, SIGKILL);
	finish(a, 0);
	expect_in_file(a, "stdout", "Command terminated with signal Killed (pid: ");
}

static void a_missing_program_is_named(void **state)
{
	struct agent *a = *state;

	launch(a, "no-such-program", NULL, NULL);
	send_message(a, TO_SUPERVISOR_START, NULL);
	{
		automessage struct message m = expect(a, SUPERVISOR_FAILED);

		assert_string_equal(((struct container_failed *)m.body)->message,
				    "exec no-such-program: No such file or directory");
	}
	expect_end(a);
	finish(a, 0);
	expect_file(a, "stderr", "");
}

/* The agent closes when it has read FAILED; that is no reason to say that it is lost. */
static void a_failure_is_not_blamed_on_the_agent(void **state)
{
	struct agent *a = *state;

	launch(a, "no-such-program", NULL, NULL);
	send_message(a, TO_SUPERVISOR_START, NULL);
	expect_plain(a, SUPERVISOR_FAILED);
	close_fd(&a->fd);
	finish(a, 0);
	expect_file(a, "stderr", "");
}

static void an_error_cut_within_a_character_is_still_a_message(void **state)
{
	struct agent *a = *state;
	char name[602] = "x";

	for (int i = 0; i < 300; i++)
		strcat(name, "\u00e9");
	launch(a, name, NULL, NULL);
	send_message(a, TO_SUPERVISOR_START, NULL);
	expect_plain(a, SUPERVISOR_FAILED);
	finish(a, 0);
}

static void a_missing_directory_is_named(void **state)
{
	struct agent *a = *state;

	free(a->directory);
	a->plan.directory = a->directory = xstrdup("/no/such/directory");
	launch(a, "true", NULL, NULL);
	send_message(a, TO_SUPERVISOR_START, NULL);
	{
		automessage struct message m = expect(a, SUPERVISOR_FAILED);

		assert_string_equal(((struct container_failed *)m.body)->message,
				    "change to directory /no/such/directory: "
				    "No such file or directory");
	}
	finish(a, 0);
}

static void the_program_is_found_in_the_path_of_the_plan(void **state)
{
	struct agent *a = *state;
	autofree char *path = in_dir(a, "greet");
	autofd int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);

	assert_int_equal(fs_write_all(fd, "#!/bin/sh\necho found > found\n", 29), 0);
	close_fd(&fd);
	free(a->environment[0]);
	a->environment[0] = xasprintf("PATH=/usr/bin:/bin:%s", a->dir);
	launch(a, "greet", NULL, NULL);
	send_message(a, TO_SUPERVISOR_START, NULL);
	expect_plain(a, SUPERVISOR_STARTED);
	expect_exited(a, 0);
	finish(a, 0);
	expect_file(a, "found", "found\n");
}

static void the_environment_is_that_of_the_plan_and_nothing_else(void **state)
{
	struct agent *a = *state;

	a->plan.task_id = NULL;
	launch(a, "env", NULL, NULL);
	send_message(a, TO_SUPERVISOR_START, NULL);
	expect_plain(a, SUPERVISOR_STARTED);
	expect_exited(a, 0);
	finish(a, 0);
	expect_file(a, "stdout", "PATH=/usr/bin:/bin\n");
}

static void a_task_gets_its_directory_umask_session_and_no_descriptor(void **state)
{
	struct agent *a = *state;
	autofree char *expected = xasprintf("%s\n0022\n0\n1\n2\n/dev/null\nleader\n", a->dir);

	a->plan.task_id = NULL;
	umask(077);
	start(a, "pwd; umask; cd /proc/$$/fd; for f in *; do test -e $f && echo $f; done;"
		 "readlink 0; test $(cut -d' ' -f6 ../stat) = $$ && echo leader");
	umask(022);
	expect_exited(a, 0);
	finish(a, 0);
	expect_file(a, "stdout", expected);
}

/* Signals 32 and 33 are glibc's own: its posix_spawn(3) leaves them ignored. */
static void the_limit_of_open_files_is_that_of_the_plan(void **state)
{
	struct agent *a = *state;

	a->plan.open_files = 77;
	a->plan.has_open_files = true;
	start(a, "ulimit -Sn >limit");
	expect_exited(a, 0);
	finish(a, 0);
	expect_file(a, "limit", "77\n");
}

static void signals_are_neither_blocked_nor_ignored(void **state)
{
	struct agent *a = *state;
	autofree char *text = NULL;
	unsigned long long blocked, ignored;

	a->plan.task_id = NULL;
	signal(SIGUSR1, SIG_IGN);
	start(a, "exec grep -E 'Sig(Blk|Ign)' /proc/self/status");
	signal(SIGUSR1, SIG_DFL);
	expect_exited(a, 0);
	finish(a, 0);
	text = read_text(a, "stdout");
	assert_int_equal(sscanf(text, "SigBlk: %llx SigIgn: %llx", &blocked, &ignored), 2);
	assert_int_equal(blocked, 0);
	assert_int_equal(ignored & ~(BIT(32 - 1) | BIT(33 - 1)), 0);
}

/* Without root the kernel refuses, and the task must not run as somebody else. */
static void a_task_runs_as_the_user_of_the_plan_or_not_at_all(void **state)
{
	struct agent *a = *state;
	uint64_t groups[] = { 12345, 12346 };

	a->plan.task_id = NULL;
	a->plan.switch_user = true;
	a->plan.uid = 65534;
	a->plan.gid = 65533;
	a->plan.groups = groups;
	a->plan.groups_count = 2;
	launch(a, "sh", "-c", "id -u; id -g; id -G");
	send_message(a, TO_SUPERVISOR_START, NULL);
	if (!geteuid()) {
		expect_plain(a, SUPERVISOR_STARTED);
		expect_exited(a, 0);
		expect_file(a, "stdout", "65534\n65533\n65533 12345 12346\n");
	} else {
		automessage struct message m = expect(a, SUPERVISOR_FAILED);

		assert_string_equal(((struct container_failed *)m.body)->message,
				    "become user nobody: Operation not permitted");
	}
	finish(a, 0);
}

/* ---- ends ---- */

static void nothing_runs_before_start(void **state)
{
	struct agent *a = *state;
	autofree char *mark = in_dir(a, "mark");

	launch(a, "touch", "mark", NULL);
	send_signal(a, HOUR_NS);
	expect_exited(a, SIGTERM);
	finish(a, 0);
	assert_int_equal(access(mark, F_OK), -1);
}

static void what_a_task_leaves_behind_is_killed(void **state)
{
	struct agent *a = *state;

	start(a, "setsid sh -c 'trap \"\" TERM HUP; echo > ready; sleep 1000; sleep 1000' &"
		 "read x < ready; exit 5");
	expect_exited(a, 5 << 8);
	finish(a, 0);
}

static void sigterm_comes_first_and_may_be_caught(void **state)
{
	struct agent *a = *state;

	start(a, "trap 'exit 7' TERM; sleep 1000 & echo > ready; wait");
	await_ready(a);
	send_signal(a, HOUR_NS);
	expect_exited(a, 7 << 8);
	finish(a, 0);
}

static void sigterm_reaches_those_that_left_the_session(void **state)
{
	struct agent *a = *state;

	start(a, "trap : TERM; setsid sh -c 'trap \"echo bye > bye; exit\" TERM; sleep 1000 &"
		 " echo > ready; wait' & wait; wait; exit 0");
	await_ready(a);
	send_signal(a, HOUR_NS);
	expect_exited(a, 0);
	finish(a, 0);
	expect_file(a, "bye", "bye\n");
}

static void a_stopped_task_can_still_end_itself(void **state)
{
	struct agent *a = *state;

	start(a, "trap 'exit 7' TERM; sleep 1000 & (kill -STOP $$; echo > ready) & wait");
	await_ready(a);
	send_signal(a, HOUR_NS);
	expect_exited(a, 7 << 8);
	finish(a, 0);
}

static void sigkill_follows_after_the_grace_period(void **state)
{
	struct agent *a = *state;
	int64_t before;

	start(a, "trap '' TERM; echo > ready; sleep 1000; sleep 1000");
	await_ready(a);
	before = now_ns();
	send_signal(a, 50 * NSEC_PER_MSEC);
	expect_exited(a, SIGKILL);
	assert_true(now_ns() - before >= 50 * NSEC_PER_MSEC);
	finish(a, 0);
}

static void a_shorter_grace_period_shortens(void **state)
{
	struct agent *a = *state;

	start(a, "trap '' TERM; echo > ready; sleep 1000; sleep 1000");
	await_ready(a);
	send_signal(a, HOUR_NS);
	send_signal(a, INT64_MAX);
	send_signal(a, 0);
	expect_exited(a, SIGKILL);
	finish(a, 0);
}

static void a_fork_bomb_loses(void **state)
{
	struct agent *a = *state;
	autofree char *self = realpath("/proc/self/exe", NULL);

	launch(a, self, "--bomb", NULL);
	send_message(a, TO_SUPERVISOR_START, NULL);
	expect_plain(a, SUPERVISOR_STARTED);
	await_ready(a);
	send_signal(a, 0);
	expect_exited(a, SIGKILL);
	finish(a, 0);
}

static void without_its_agent_a_container_ends(void **state)
{
	struct agent *a = *state;

	start(a, "trap 'echo bye > bye; exit 0' TERM; sleep 1000 & echo > ready; wait");
	await_ready(a);
	finish(a, 0);
	expect_file(a, "bye", "bye\n");
	expect_file(a, "stderr",
		    "mesos-executor: the agent closed the connection; "
		    "ending the container\n");
}

static void without_its_agent_the_grace_period_of_the_plan_holds(void **state)
{
	struct agent *a = *state;

	a->plan.grace_period = 20 * NSEC_PER_MSEC;
	start(a, "trap '' TERM; echo > ready; sleep 1000; sleep 1000");
	await_ready(a);
	finish(a, 0);
	expect_in_file(a, "stdout", "Command terminated with signal Killed (pid: ");
}

static void a_held_container_ends_with_its_agent(void **state)
{
	struct agent *a = *state;

	launch(a, "true", NULL, NULL);
	finish(a, 0);
}

static void a_supervisor_that_is_terminated_ends_its_container(void **state)
{
	struct agent *a = *state;

	start(a, "echo > ready; exec sleep 1000");
	await_ready(a);
	kill(a->executor, SIGTERM);
	expect_exited(a, SIGTERM);
	finish(a, 0);
	expect_file(a, "stderr", "mesos-executor: received Terminated; ending the container\n");
}

/* ---- the agent misbehaves ---- */

static void what_is_not_understood_is_refused_and_life_goes_on(void **state)
{
	static const char *const bad[] = {
		"{\"type\":\"DANCE\"}\n",
		"nonsense\n",
		"{\"type\":\"SIGNAL\"}\n",
		"{\"type\":\"HELLO\",\"hello\":{\"role\":\"agent\"}}\n",
	};
	struct agent *a = *state;

	launch(a, "true", NULL, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		send_text(a, bad[i]);
		expect_plain(a, COMMON_ERROR);
	}
	send_message(a, TO_SUPERVISOR_START, NULL);
	expect_plain(a, SUPERVISOR_STARTED);
	expect_exited(a, 0);
	finish(a, 0);
}

static void a_second_start_changes_nothing(void **state)
{
	struct agent *a = *state;

	start(a, "echo once >> runs; read x < ready");
	send_message(a, TO_SUPERVISOR_START, NULL);
	assert_int_equal(write(a->ready, "\n", 1), 1);
	expect_exited(a, 0);
	finish(a, 0);
	expect_file(a, "runs", "once\n");
	expect_file(a, "stderr", "");
}

static void an_agent_that_speaks_no_common_protocol_is_refused(void **state)
{
	struct agent *a = *state;
	autofd int plan_fd = -EBADF;

	set_argv(a, "true", NULL, NULL);
	plan_fd = write_plan(a);
	spawn(a, plan_fd, NULL);
	await_readable(a->listener);
	a->fd = accept4(a->listener, NULL, NULL, SOCK_CLOEXEC);
	expect_plain(a, COMMON_HELLO);
	send_text(a, "{\"type\":\"HELLO\",\"hello\":{\"role\":\"agent\","
		     "\"protocol_min\":8,\"protocol_max\":9}}\n");
	expect_plain(a, COMMON_ERROR);
	send_message(a, TO_SUPERVISOR_START, NULL);
	expect_plain(a, COMMON_ERROR);
	finish(a, 0);
}

static void an_agent_that_does_not_read_does_not_stop_supervision(void **state)
{
	static const char text[] = "{\"type\":\"DANCE\"}\n";
	struct agent *a = *state;
	struct pollfd p;
	int status;

	start(a, "exec sleep 1000");
	p = (struct pollfd){ .fd = a->fd, .events = POLLOUT };
	/* Full on our side for 200 ms: the supervisor has stopped taking our lines. */
	while (poll(&p, 1, 200) == 1)
		if (send(a->fd, text, sizeof(text) - 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			assert_int_equal(errno, EAGAIN);
	kill(a->executor, SIGTERM);
	assert_int_equal(waitpid(a->executor, &status, 0), a->executor);
	a->executor = 0;
	assert_int_equal(status, 0);
	expect_nothing_left();
}

/* ---- no life at all ---- */

static void expect_refusal(struct agent *a, int code, const char *text)
{
	finish(a, code);
	expect_file(a, "stderr", text);
}

static void without_a_plan_it_says_so(void **state)
{
	struct agent *a = *state;

	spawn(a, -1, NULL);
	expect_refusal(a, 2,
		       "mesos-executor: no plan on file descriptor 3; mesos-agent "
		       "starts this program\n");
}

static void help_and_version_are_shown(void **state)
{
	struct agent *a = *state;

	spawn(a, -1, "--help");
	finish(a, 0);
	spawn(a, -1, "--version");
	finish(a, 0);
	expect_in_file(a, "stdout", "Usage: mesos-executor\n");
	expect_in_file(a, "stdout", "\nmesos-executor 0.");
}

static void a_wrong_plan_is_refused_by_its_field(void **state)
{
	struct agent *a = *state;
	autofd int plan_fd = -EBADF;

	set_argv(a, "true", NULL, NULL);
	a->plan.directory = (char *)"relative";
	plan_fd = write_plan(a);
	spawn(a, plan_fd, NULL);
	expect_refusal(a, 1,
		       "mesos-executor: read the launch plan: directory: "
		       "must be an absolute path\n");
}

static void an_id_of_minus_one_is_refused(void **state)
{
	struct agent *a = *state;
	autofd int plan_fd = -EBADF;

	set_argv(a, "true", NULL, NULL);
	a->plan.uid = UINT32_MAX;
	plan_fd = write_plan(a);
	spawn(a, plan_fd, NULL);
	expect_refusal(a, 1, "mesos-executor: read the launch plan: uid: out of range\n");
}

static void a_plan_of_more_than_a_mebibyte_is_refused(void **state)
{
	struct agent *a = *state;
	autofd int plan_fd = memfd_create("plan", MFD_CLOEXEC);

	assert_int_equal(ftruncate(plan_fd, 2 * (off_t)MIB), 0);
	spawn(a, plan_fd, NULL);
	expect_refusal(a, 1,
		       "mesos-executor: read the launch plan: read /proc/self/fd/3: "
		       "larger than 1048576 bytes\n");
}

static void without_an_agent_nothing_is_started(void **state)
{
	struct agent *a = *state;
	autofd int plan_fd = -EBADF;
	autofree char *expected = xasprintf("mesos-executor: connect to the agent at %s: "
					    "Connection refused\n",
					    a->socket);

	close_fd(&a->listener);
	set_argv(a, "true", NULL, NULL);
	plan_fd = write_plan(a);
	spawn(a, plan_fd, NULL);
	expect_refusal(a, 1, expected);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(a_command_runs_and_is_announced_as_in_mesos),
		TEST(a_custom_executor_is_not_announced),
		TEST(an_exit_status_is_told),
		TEST(a_deadly_signal_is_told),
		TEST(a_missing_program_is_named),
		TEST(a_failure_is_not_blamed_on_the_agent),
		TEST(an_error_cut_within_a_character_is_still_a_message),
		TEST(a_missing_directory_is_named),
		TEST(the_program_is_found_in_the_path_of_the_plan),
		TEST(the_environment_is_that_of_the_plan_and_nothing_else),
		TEST(a_task_gets_its_directory_umask_session_and_no_descriptor),
		TEST(the_limit_of_open_files_is_that_of_the_plan),
		TEST(signals_are_neither_blocked_nor_ignored),
		TEST(a_task_runs_as_the_user_of_the_plan_or_not_at_all),
		TEST(nothing_runs_before_start),
		TEST(what_a_task_leaves_behind_is_killed),
		TEST(sigterm_comes_first_and_may_be_caught),
		TEST(sigterm_reaches_those_that_left_the_session),
		TEST(a_stopped_task_can_still_end_itself),
		TEST(sigkill_follows_after_the_grace_period),
		TEST(a_shorter_grace_period_shortens),
		TEST(a_fork_bomb_loses),
		TEST(without_its_agent_a_container_ends),
		TEST(without_its_agent_the_grace_period_of_the_plan_holds),
		TEST(a_held_container_ends_with_its_agent),
		TEST(a_supervisor_that_is_terminated_ends_its_container),
		TEST(what_is_not_understood_is_refused_and_life_goes_on),
		TEST(a_second_start_changes_nothing),
		TEST(an_agent_that_speaks_no_common_protocol_is_refused),
		TEST(an_agent_that_does_not_read_does_not_stop_supervision),
		TEST(without_a_plan_it_says_so),
		TEST(help_and_version_are_shown),
		TEST(a_wrong_plan_is_refused_by_its_field),
		TEST(an_id_of_minus_one_is_refused),
		TEST(a_plan_of_more_than_a_mebibyte_is_refused),
		TEST(without_an_agent_nothing_is_started),
	};

	if (argc == 2 && str_equal(argv[1], "--bomb"))
		return bomb();
	if (prctl(PR_SET_CHILD_SUBREAPER, 1))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
