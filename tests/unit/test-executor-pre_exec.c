/* What mesos-executor does before the command of its container: limits, and commands of others. */
#include "tests/unit/executor-fixture.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "lib/fs.h"

static void set_pre_exec(struct agent *a, struct plan_command *list, size_t count)
{
	a->plan.pre_exec = list;
	a->plan.pre_exec_count = count;
}

#define COMMAND(...)                                                                               \
	{                                                                                          \
		.argv = (char *[]){ __VA_ARGS__ },                                                 \
		.argv_count = sizeof((char *[]){ __VA_ARGS__ }) / sizeof(char *)                   \
	}
#define SHELL(line) COMMAND((char *)"sh", (char *)"-c", (char *)(line))

/* ---- limits ---- */

static void limits_are_those_of_the_plan(void **state)
{
	struct agent *a = *state;
	struct plan_limit limits[] = {
		{ .name = LIMIT_NOFILE,
		  .has_name = true,
		  .soft = 70,
		  .has_soft = true,
		  .hard = 80,
		  .has_hard = true },
		{ .name = LIMIT_NPROC,
		  .has_name = true,
		  .soft = 5000,
		  .has_soft = true,
		  .hard = 6000,
		  .has_hard = true },
		{ .name = LIMIT_CORE, .has_name = true },
		{ .name = LIMIT_FSIZE, .has_name = true, .soft = MIB, .has_soft = true },
	};

	need_root(); /* core and fsize may have been lower */
	a->plan.limits = limits;
	a->plan.limits_count = ARRAY_SIZE(limits);
	a->plan.open_files = 77;
	a->plan.has_open_files = true;
	become_nobody(a);
	put_file(a, "limits", "");
	run_to_end(a, "grep -E 'open files|processes|core|Max file size' /proc/self/limits |"
		      " tr -s ' ' >limits");
	expect_file(a, "limits",
		    "Max file size 1048576 unlimited bytes \n"
		    "Max core file size unlimited unlimited bytes \n"
		    "Max processes 5000 6000 processes \n"
		    "Max open files 70 80 files \n");
}

static void a_limit_that_the_kernel_refuses_is_named(void **state)
{
	struct agent *a = *state;
	struct plan_limit huge = { .name = LIMIT_NOFILE,
				   .has_name = true,
				   .soft = UINT32_MAX,
				   .has_soft = true,
				   .hard = UINT32_MAX,
				   .has_hard = true };

	a->plan.limits = &huge;
	a->plan.limits_count = 1;
	expect_launch_failure(a, "set the limit nofile: Operation not permitted");
}

/* The kernel counts those that were there before. */
static void too_many_processes_already_are_told(void **state)
{
	struct agent *a = *state;
	struct plan_limit none = {
		.name = LIMIT_NPROC, .has_name = true, .has_soft = true, .has_hard = true
	};
	struct plan_command one = SHELL("setpriv --reuid=65534 --clear-groups sh -c 'echo >there; "
					"sleep 1000' & until test -s there; do sleep 0.01; done");

	need_root();
	put_file(a, "there", "");
	set_pre_exec(a, &one, 1);
	a->plan.limits = &none;
	a->plan.limits_count = 1;
	become_nobody(a);
	expect_launch_failure(a, "exec touch: more processes of user nobody than its limit");
}

/* ---- commands before its own ---- */

static void commands_run_one_after_another_before_its_own(void **state)
{
	struct agent *a = *state;
	struct plan_command list[] = { SHELL("sleep 0.1; pwd; echo one; echo error >&2"),
				       COMMAND((char *)"/bin/echo", (char *)"two") };
	autofree char *expected = xasprintf("%s\none\ntwo\nthree\n", a->dir);

	set_pre_exec(a, list, 2);
	a->plan.task_id = NULL;
	run_to_end(a, "echo three");
	expect_file(a, "stdout", expected);
	expect_file(a, "stderr", "error\n");
}

static void they_are_in_the_mounts_and_the_session_of_the_container(void **state)
{
	struct agent *a = *state;
	struct plan_mount m = { .size = MIB, .has_size = true };
	struct plan_command list[] = { SHELL("echo made >data/file; cut -d' ' -f6 /proc/self/stat "
					     ">sessions; readlink /proc/self/ns/mnt >namespaces") };

	need_root();
	m.target = in_dir(a, "data");
	a->plan.mounts = &m;
	a->plan.mounts_count = 1;
	set_pre_exec(a, list, 1);
	run_to_end(a, "cat data/file >seen; test $(cat sessions) = $$ && echo same >same;"
		      "test $(cat namespaces) = $(readlink /proc/self/ns/mnt) && echo too >>same");
	expect_file(a, "seen", "made\n");
	expect_file(a, "same", "same\ntoo\n");
	free(m.target);
}

/* The task's could name a library that root would load, or a file that its shell would run. */
static void nothing_of_the_environment_of_the_task_reaches_them(void **state)
{
	struct agent *a = *state;
	autofree char *program = in_dir(a, "env");
	char *own[] = { (char *)"B=2" };
	char *argv[] = { (char *)"env" };
	struct plan_command list[] = {
		{ .argv = argv, .argv_count = 1, .environment = own, .environment_count = 1 }
	};
	autofree char *expected =
		xasprintf("B=2\nPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
			  "MESOS_SANDBOX=%s\nMESOS_DIRECTORY=%s\nMESOS_CONTAINER_ID=c\n",
			  a->dir, a->dir);

	set_pre_exec(a, list, 1);
	a->plan.task_id = NULL;
	free(a->environment[0]);
	a->environment[0] = xasprintf("PATH=%s:/usr/bin:/bin", a->dir);
	put_file(a, "env", "#!/bin/sh\necho theirs\n");
	assert_int_equal(chmod(program, 0755), 0);
	run_to_end(a, ":");
	expect_file(a, "stdout", expected);
}

static void a_variable_of_its_own_wins(void **state)
{
	struct agent *a = *state;
	autofree char *path = xasprintf("PATH=%s:/usr/bin:/bin", a->dir);
	autofree char *program = in_dir(a, "mine"), *expected = NULL;
	char *own[] = { path }, *argv[] = { (char *)"mine" };
	struct plan_command list[] = {
		{ .argv = argv, .argv_count = 1, .environment = own, .environment_count = 1 }
	};

	put_file(a, "mine", "#!/bin/sh\necho PATH=$PATH\n");
	assert_int_equal(chmod(program, 0755), 0);
	set_pre_exec(a, list, 1);
	a->plan.task_id = NULL;
	run_to_end(a, "echo theirs");
	expected = xasprintf("%s\ntheirs\n", path);
	expect_file(a, "stdout", expected);
}

/* What mesos-executor may do they may; the container's command may not. */
static void they_keep_the_rights_that_the_container_gives_up(void **state)
{
	static const struct sock_filter all[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
	static const char look[] = "id -u; ulimit -Sn; grep -E '^(CapBnd|Seccomp|NoNewPrivs):' "
				   "/proc/self/status | tr '\\t' ' '";
	struct agent *a = *state;
	struct capability_sets none = { .has_bounding = true,
					.has_permitted = true,
					.has_ambient = true };
	struct plan_limit few = { .name = LIMIT_NOFILE,
				  .has_name = true,
				  .soft = 33,
				  .has_soft = true,
				  .hard = 33,
				  .has_hard = true };
	struct plan_command list[] = { COMMAND((char *)"sh", (char *)"-c", (char *)look) };
	struct buf filter = { 0 };

	need_root();
	base64_add(&filter, all, sizeof(all));
	a->plan.seccomp = buf_take(&filter);
	a->plan.no_new_privs = a->plan.has_no_new_privs = true;
	a->plan.capabilities = &none;
	a->plan.limits = &few;
	a->plan.limits_count = 1;
	become_nobody(a);
	set_pre_exec(a, list, 1);
	a->plan.task_id = NULL;
	run_to_end(a, look);
	free(a->plan.seccomp);
	autofree char *text = read_text(a, "stdout");

	assert_true(str_starts(text, "0\n"));
	assert_null(strstr(text, "0\n33\n"));
	assert_non_null(strstr(text, "\nNoNewPrivs: 0\nSeccomp: 0\n65534\n33\n"
				     "CapBnd: 0000000000000000\nNoNewPrivs: 1\nSeccomp: 2\n"));
}

static void what_they_leave_running_ends_with_the_container(void **state)
{
	struct agent *a = *state;
	struct plan_command list[] = { SHELL("setsid sleep 1000 & echo $! >pid") };

	set_pre_exec(a, list, 1);
	run_to_end(a, "kill -0 $(cat pid) && echo alive >alive");
	expect_file(a, "alive", "alive\n");
}

static void one_that_exits_otherwise_than_with_0_ends_the_launch(void **state)
{
	struct agent *a = *state;
	struct plan_command list[] = { COMMAND((char *)"true"), SHELL("exit 3"),
				       SHELL("touch ran") };

	set_pre_exec(a, list, 3);
	expect_launch_failure(a, "pre-exec command 'sh -c exit 3' exited with status 3");
}

static void one_that_a_signal_ends_does_too(void **state)
{
	struct agent *a = *state;
	struct plan_command list[] = { SHELL("kill -9 $$") };

	set_pre_exec(a, list, 1);
	expect_launch_failure(a, "pre-exec command 'sh -c kill -9 $$' was ended by SIGKILL");
}

static void and_one_by_a_signal_without_a_name(void **state)
{
	struct agent *a = *state;
	struct plan_command list[] = { SHELL("kill -40 $$") };

	set_pre_exec(a, list, 1);
	expect_launch_failure(a, "pre-exec command 'sh -c kill -40 $$' was ended by signal 40");
}

static void and_one_that_is_not_found(void **state)
{
	struct agent *a = *state;
	struct plan_command list[] = { COMMAND((char *)"no-such-program", (char *)"x") };

	set_pre_exec(a, list, 1);
	expect_launch_failure(a, "pre-exec command 'no-such-program x': No such file or directory");
}

static void a_long_one_is_named_by_its_beginning(void **state)
{
	struct agent *a = *state;
	char line[2001] = "exit 4 #";
	struct plan_command list[] = { SHELL(line) };

	memset(line + strlen(line), 'x', sizeof(line) - 1 - strlen(line));
	set_pre_exec(a, list, 1);
	expect_launch_failure(a, "pre-exec command 'sh -c %.294s...' exited with status 4", line);
}

/* That it began is never said. */
static void a_container_can_be_ended_while_one_runs(void **state)
{
	struct agent *a = *state;
	struct plan_command list[] = { SHELL("trap '' TERM; echo >ready; sleep 1000; sleep 1000") };

	set_pre_exec(a, list, 1);
	launch(a, "touch", "ran", NULL);
	send_message(a, TO_SUPERVISOR_START, NULL);
	await_ready(a);
	send_signal(a, HOUR_NS);
	expect_exited(a, SIGTERM);
	finish(a, 0);
	assert_false(is_there(a, "ran"));
}

static bool is_zombie(uint64_t pid)
{
	autofree char *path = xasprintf("/proc/%llu/status", (unsigned long long)pid);
	autobuf struct buf text = { 0 };
	struct error e;

	assert_int_equal(fs_read(path, MIB, &text, &e), 0);
	return strstr(buf_text(&text), "\nState:\tZ") != NULL;
}

/*
 * SIGTERM reaches the command as well, which may fail of it, and be heard of, before the rest dies.
 */
static void and_is_not_called_failed_for_that(void **state)
{
	struct agent *a = *state;
	struct plan_command list[] = { SHELL("echo >ready; until test -e go; do sleep 0.01; done; "
					     "exit 5") };

	set_pre_exec(a, list, 1);
	launch(a, "touch", "ran", NULL);
	send_message(a, TO_SUPERVISOR_START, NULL);
	await_ready(a);
	kill(a->executor, SIGSTOP);
	assert_int_equal(waitpid(a->executor, NULL, WUNTRACED), a->executor);
	put_file(a, "go", "");
	while (!is_zombie(a->pid))
		poll(NULL, 0, 1);
	send_signal(a, HOUR_NS);
	kill(a->executor, SIGCONT);
	expect_exited(a, 127 << 8);
	finish(a, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(limits_are_those_of_the_plan),
		TEST(a_limit_that_the_kernel_refuses_is_named),
		TEST(too_many_processes_already_are_told),
		TEST(commands_run_one_after_another_before_its_own),
		TEST(they_are_in_the_mounts_and_the_session_of_the_container),
		TEST(nothing_of_the_environment_of_the_task_reaches_them),
		TEST(a_variable_of_its_own_wins),
		TEST(they_keep_the_rights_that_the_container_gives_up),
		TEST(what_they_leave_running_ends_with_the_container),
		TEST(one_that_exits_otherwise_than_with_0_ends_the_launch),
		TEST(one_that_a_signal_ends_does_too),
		TEST(and_one_by_a_signal_without_a_name),
		TEST(and_one_that_is_not_found),
		TEST(a_long_one_is_named_by_its_beginning),
		TEST(a_container_can_be_ended_while_one_runs),
		TEST(and_is_not_called_failed_for_that),
	};

	if (prctl(PR_SET_CHILD_SUBREAPER, 1))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
