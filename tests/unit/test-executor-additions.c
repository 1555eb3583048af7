/* What mesos-executor makes for its container besides: mounts, limits, commands before its own. */
#include "tests/unit/executor-fixture.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "lib/fs.h"

#define NOBODY 65534

static void need_root(void)
{
	if (geteuid())
		skip();
}

static void put(const struct agent *a, const char *name, const char *text)
{
	autofree char *path = in_dir(a, name);
	autofd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	assert_int_equal(fchmod(fd, 0666), 0);
	assert_int_equal(fs_write_all(fd, text, strlen(text)), 0);
}

static void make_directory(const struct agent *a, const char *name)
{
	autofree char *path = in_dir(a, name);

	assert_int_equal(mkdir(path, 0777), 0);
}

static bool is_there(const struct agent *a, const char *name)
{
	autofree char *path = in_dir(a, name);
	struct stat st;

	return !lstat(path, &st);
}

static void as_nobody(struct agent *a)
{
	a->plan.switch_user = true;
	a->plan.uid = a->plan.gid = NOBODY;
}

/* A shell that runs the line to its end. */
static void run(struct agent *a, const char *line)
{
	start(a, line);
	expect_exited(a, 0);
	finish(a, 0);
}

static void format_printf(2, 3) expect_failure(struct agent *a, const char *fmt, ...)
{
	autofree char *expected = NULL;
	va_list args;

	va_start(args, fmt);
	assert_true(vasprintf(&expected, fmt, args) > 0);
	va_end(args);
	a->pid = 0;
	launch(a, "touch", "ran", NULL);
	send_message(a, TO_SUPERVISOR_START, NULL);
	{
		automessage struct message m = expect(a, SUPERVISOR_FAILED);

		assert_string_equal(((struct container_failed *)m.body)->message, expected);
	}
	finish(a, 0);
	assert_false(is_there(a, "ran"));
}

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

/* ---- mounts ---- */

static char *mount_table(void)
{
	struct buf text = { 0 };
	struct error e;

	assert_int_equal(fs_read("/proc/self/mountinfo", MIB, &text, &e), 0);
	return buf_take(&text);
}

/* Two directories, source with a file in it, and the plan's one mount. */
static void bind_source(struct agent *a, struct plan_mount *m)
{
	need_root();
	make_directory(a, "source");
	put(a, "source/file", "here\n");
	*m = (struct plan_mount){ .source = in_dir(a, "source"), .target = in_dir(a, "data") };
	a->plan.mounts = m;
	a->plan.mounts_count = 1;
}

static void free_mount(struct plan_mount *m)
{
	free(m->source);
	free(m->target);
}

static void set_tmpfs(struct agent *a, struct plan_mount *m, const char *target, uint64_t size)
{
	need_root();
	*m = (struct plan_mount){ .target = in_dir(a, target), .size = size, .has_size = true };
	a->plan.mounts = m;
	a->plan.mounts_count = 1;
}

/* The table of this process is shared, so what leaked would be in it. */
static void a_directory_is_bound_for_the_container_alone(void **state)
{
	struct agent *a = *state;
	struct plan_mount m;
	autofree char *before = NULL, *during = NULL, *after = NULL;

	bind_source(a, &m);
	before = mount_table();
	start(a, "cat data/file >seen; echo new >data/new; echo >ready; until test -e go; do sleep "
		 "0.01; done");
	await_ready(a);
	during = mount_table();
	put(a, "go", "");
	expect_exited(a, 0);
	finish(a, 0);
	after = mount_table();
	expect_file(a, "seen", "here\n");
	expect_file(a, "source/new", "new\n");
	assert_true(is_there(a, "data"));
	assert_false(is_there(a, "data/new"));
	assert_string_equal(during, before);
	assert_string_equal(after, before);
	free_mount(&m);
}

static void without_mounts_it_has_the_namespace_of_the_agent(void **state)
{
	struct agent *a = *state;
	char own[64] = "";

	assert_true(readlink("/proc/self/ns/mnt", own, sizeof(own) - 1) > 0);
	strcat(own, "\n");
	run(a, "readlink /proc/self/ns/mnt >namespace");
	expect_file(a, "namespace", own);
}

static void what_the_host_mounts_later_is_seen_too(void **state)
{
	struct agent *a = *state;
	struct plan_mount m;
	autofree char *later = in_dir(a, "later");

	set_tmpfs(a, &m, "data", MIB);
	make_directory(a, "later");
	start(a, "echo >ready; until test -e go; do sleep 0.01; done; cat later/file >seen");
	await_ready(a);
	assert_int_equal(mount("none", later, "tmpfs", 0, NULL), 0);
	put(a, "later/file", "mounted\n");
	put(a, "go", "");
	expect_exited(a, 0);
	finish(a, 0);
	assert_int_equal(umount(later), 0);
	expect_file(a, "seen", "mounted\n");
	free_mount(&m);
}

static void expect_options(struct agent *a, const char *options)
{
	autofree char *line = xasprintf("%s\n", options);

	run(a, "grep \" $PWD/data \" /proc/self/mountinfo | cut -d' ' -f6 | "
	       "sed s/,relatime// >options");
	expect_file(a, "options", line);
}

static void devices_and_setuid_programs_are_off_by_themselves(void **state)
{
	struct agent *a = *state;
	struct plan_mount m;

	set_tmpfs(a, &m, "data", MIB);
	expect_options(a, "rw,nosuid,nodev");
	free_mount(&m);
}

static void a_mount_may_be_read_only(void **state)
{
	struct agent *a = *state;
	struct plan_mount m;

	bind_source(a, &m);
	m.read_only = m.has_read_only = true;
	run(a, "! touch data/new 2>why; cat data/file >seen");
	expect_in_file(a, "why", "Read-only file system");
	expect_file(a, "seen", "here\n");
	free_mount(&m);
}

static void devices_and_setuid_programs_may_be_on(void **state)
{
	struct agent *a = *state;
	struct plan_mount m;

	set_tmpfs(a, &m, "data", MIB);
	m.suid = m.has_suid = m.dev = m.has_dev = true;
	expect_options(a, "rw");
	free_mount(&m);
}

/* A mount below the source comes along, and what holds for the one holds for it. */
static void what_is_mounted_below_a_source_is_bound_with_it(void **state)
{
	struct agent *a = *state;
	struct plan_mount m;
	autofree char *below = in_dir(a, "source/below");

	bind_source(a, &m);
	m.read_only = m.has_read_only = true;
	make_directory(a, "source/below");
	assert_int_equal(mount("none", below, "tmpfs", 0, NULL), 0);
	put(a, "source/below/deep", "deep\n");
	run(a, "cat data/below/deep >seen; ! touch data/below/new 2>why");
	assert_int_equal(umount(below), 0);
	expect_file(a, "seen", "deep\n");
	expect_in_file(a, "why", "Read-only file system");
	free_mount(&m);
}

static void a_tmpfs_has_the_size_of_the_plan(void **state)
{
	struct agent *a = *state;
	struct plan_mount m;

	set_tmpfs(a, &m, "data", 64 * KIB);
	as_nobody(a);
	put(a, "sizes", "");
	put(a, "why", "");
	run(a, "echo $(df --output=size,itotal -B1 data | tail -n 1) >sizes; "
	       "! head -c 65537 /dev/zero 2>why >data/file");
	expect_file(a, "sizes", "65536 64\n");
	expect_in_file(a, "why", "No space left on device");
	free_mount(&m);
}

static void a_file_is_bound_on_a_file(void **state)
{
	struct agent *a = *state;
	struct plan_mount m;

	bind_source(a, &m);
	free(m.source);
	m.source = in_dir(a, "source/file");
	run(a, "cat data >seen");
	expect_file(a, "seen", "here\n");
	expect_file(a, "data", "");
	free_mount(&m);
}

static void mounts_are_made_in_their_order(void **state)
{
	struct agent *a = *state;
	struct plan_mount mounts[2];

	bind_source(a, &mounts[0]);
	make_directory(a, "source/inner");
	mounts[1] = (struct plan_mount){ .target = in_dir(a, "data/inner"),
					 .size = MIB,
					 .has_size = true };
	a->plan.mounts = mounts;
	a->plan.mounts_count = 2;
	run(a, "touch data/outer data/inner/new; stat -fc %T data/inner >type");
	expect_file(a, "type", "tmpfs\n");
	assert_true(is_there(a, "source/outer"));
	assert_false(is_there(a, "source/inner/new"));
	free_mount(&mounts[0]);
	free_mount(&mounts[1]);
}

/* A target is made in the sandbox itself only, not in what is mounted there. */
static void nothing_is_made_in_a_source(void **state)
{
	struct agent *a = *state;
	struct plan_mount mounts[2];

	bind_source(a, &mounts[0]);
	mounts[1] = (struct plan_mount){ .target = in_dir(a, "data/inner"),
					 .size = MIB,
					 .has_size = true };
	a->plan.mounts = mounts;
	a->plan.mounts_count = 2;
	expect_failure(a,
		       "mount a tmpfs on %s/data/inner: %s/data/inner: No such file or directory",
		       a->dir, a->dir);
	assert_false(is_there(a, "source/inner"));
	free_mount(&mounts[0]);
	free_mount(&mounts[1]);
}

static void only_the_last_part_of_a_target_is_made(void **state)
{
	struct agent *a = *state;
	struct plan_mount m;

	set_tmpfs(a, &m, "one/two", MIB);
	expect_failure(a, "mount a tmpfs on %s: %s: No such file or directory", m.target, m.target);
	free_mount(&m);
}

/* ---- mounts that are not made ---- */

static void a_link_in_the_sandbox_leads_no_mount_elsewhere(void **state)
{
	struct agent *a = *state;
	struct plan_mount m;
	autofree char *link = in_dir(a, "data"), *elsewhere = in_dir(a, "source");

	bind_source(a, &m);
	assert_int_equal(symlink(elsewhere, link), 0);
	expect_failure(a, "mount %s on %s: %s: a symbolic link is on the way", m.source, m.target,
		       m.target);
	free_mount(&m);
}

static void nor_does_one_on_the_way(void **state)
{
	struct agent *a = *state;
	struct plan_mount m;
	autofree char *link = in_dir(a, "link");

	set_tmpfs(a, &m, "link/data", MIB);
	make_directory(a, "source");
	assert_int_equal(symlink("source", link), 0);
	expect_failure(a, "mount a tmpfs on %s: %s: a symbolic link is on the way", m.target,
		       m.target);
	assert_false(is_there(a, "source/data"));
	free_mount(&m);
}

static void a_link_is_no_source(void **state)
{
	struct agent *a = *state;
	struct plan_mount m;
	autofree char *link = in_dir(a, "link");

	bind_source(a, &m);
	assert_int_equal(symlink("source", link), 0);
	free(m.source);
	m.source = xstrdup(link);
	expect_failure(a, "mount %s on %s: %s: a symbolic link is on the way", link, m.target,
		       link);
	free_mount(&m);
}

static void a_missing_source_is_named(void **state)
{
	struct agent *a = *state;
	struct plan_mount m;

	bind_source(a, &m);
	free(m.source);
	m.source = xstrdup("/no/such/source");
	expect_failure(a, "mount /no/such/source on %s: /no/such/source: No such file or directory",
		       m.target);
	free_mount(&m);
}

static void a_directory_is_not_bound_on_a_file(void **state)
{
	struct agent *a = *state;
	struct plan_mount m;

	bind_source(a, &m);
	put(a, "data", "");
	expect_failure(a, "mount %s on %s: only one of them is a directory", m.source, m.target);
	free_mount(&m);
}

/* The plan knows the sandbox by a path that leads through a link. */
static void a_sandbox_that_a_mount_hides_is_found_out(void **state)
{
	struct agent *a = *state;
	struct plan_mount m;
	autofree char *link = xasprintf("%s-link", a->dir), *hidden = in_dir(a, "hidden");

	set_tmpfs(a, &m, "unused", MIB);
	make_directory(a, "hidden");
	make_directory(a, "hidden/box");
	assert_int_equal(symlink(hidden, link), 0);
	free(a->directory);
	a->plan.directory = a->directory = path_join(link, "box");
	free(m.target);
	m.target = xstrdup(hidden);
	expect_failure(a, "look at the sandbox %s: No such file or directory", a->directory);
	free(m.target);
	m.target = in_dir(a, "hidden/box");
	expect_failure(a, "the mounts hide the sandbox %s", a->directory);
	unlink(link);
	free_mount(&m);
}

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
	as_nobody(a);
	put(a, "limits", "");
	run(a, "grep -E 'open files|processes|core|Max file size' /proc/self/limits |"
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
	expect_failure(a, "set the limit nofile: Operation not permitted");
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
	put(a, "there", "");
	set_pre_exec(a, &one, 1);
	a->plan.limits = &none;
	a->plan.limits_count = 1;
	as_nobody(a);
	expect_failure(a, "exec touch: more processes of user nobody than its limit");
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
	run(a, "echo three");
	expect_file(a, "stdout", expected);
	expect_file(a, "stderr", "error\n");
}

static void they_are_in_the_mounts_and_the_session_of_the_container(void **state)
{
	struct agent *a = *state;
	struct plan_mount m;
	struct plan_command list[] = { SHELL("echo made >data/file; cut -d' ' -f6 /proc/self/stat "
					     ">sessions; readlink /proc/self/ns/mnt >namespaces") };

	set_tmpfs(a, &m, "data", MIB);
	set_pre_exec(a, list, 1);
	run(a, "cat data/file >seen; test $(cat sessions) = $$ && echo same >same;"
	       "test $(cat namespaces) = $(readlink /proc/self/ns/mnt) && echo too >>same");
	expect_file(a, "seen", "made\n");
	expect_file(a, "same", "same\ntoo\n");
	free_mount(&m);
}

/* The task's could name a library that root would load, or a file that its shell would run. */
static void nothing_of_the_environment_of_the_task_reaches_them(void **state)
{
	struct agent *a = *state;
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
	put(a, "env", "#!/bin/sh\necho theirs\n");
	run(a, ":");
	expect_file(a, "stdout", expected);
}

static void a_variable_of_its_own_wins(void **state)
{
	struct agent *a = *state;
	autofree char *path = xasprintf("PATH=%s:/usr/bin:/bin", a->dir);
	autofree char *program = in_dir(a, "mine");
	char *own[] = { path }, *argv[] = { (char *)"mine" };
	struct plan_command list[] = {
		{ .argv = argv, .argv_count = 1, .environment = own, .environment_count = 1 }
	};

	put(a, "mine", "#!/bin/sh\necho mine\n");
	assert_int_equal(chmod(program, 0755), 0);
	set_pre_exec(a, list, 1);
	a->plan.task_id = NULL;
	run(a, "echo theirs");
	expect_file(a, "stdout", "mine\ntheirs\n");
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
	as_nobody(a);
	set_pre_exec(a, list, 1);
	a->plan.task_id = NULL;
	run(a, look);
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
	run(a, "kill -0 $(cat pid) && echo alive >alive");
	expect_file(a, "alive", "alive\n");
}

static void one_that_exits_otherwise_than_with_0_ends_the_launch(void **state)
{
	struct agent *a = *state;
	struct plan_command list[] = { COMMAND((char *)"true"), SHELL("exit 3"),
				       SHELL("touch ran") };

	set_pre_exec(a, list, 3);
	expect_failure(a, "pre-exec command 'sh -c exit 3' exited with status 3");
}

static void one_that_a_signal_ends_does_too(void **state)
{
	struct agent *a = *state;
	struct plan_command list[] = { SHELL("kill -9 $$") };

	set_pre_exec(a, list, 1);
	expect_failure(a, "pre-exec command 'sh -c kill -9 $$' was ended by SIGKILL");
}

static void and_one_by_a_signal_without_a_name(void **state)
{
	struct agent *a = *state;
	struct plan_command list[] = { SHELL("kill -40 $$") };

	set_pre_exec(a, list, 1);
	expect_failure(a, "pre-exec command 'sh -c kill -40 $$' was ended by signal 40");
}

static void and_one_that_is_not_found(void **state)
{
	struct agent *a = *state;
	struct plan_command list[] = { COMMAND((char *)"no-such-program", (char *)"x") };

	set_pre_exec(a, list, 1);
	expect_failure(a, "pre-exec command 'no-such-program x': No such file or directory");
}

static void a_long_one_is_named_by_its_beginning(void **state)
{
	struct agent *a = *state;
	char line[2001] = "exit 4 #";
	struct plan_command list[] = { SHELL(line) };

	memset(line + strlen(line), 'x', sizeof(line) - 1 - strlen(line));
	set_pre_exec(a, list, 1);
	expect_failure(a, "pre-exec command 'sh -c %.294s...' exited with status 4", line);
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

static void and_is_not_called_failed_for_that(void **state)
{
	struct agent *a = *state;
	struct plan_command list[] = { SHELL("kill -STOP $PPID; trap 'exit 5' TERM; echo >ready; "
					     "while :; do sleep 0.01; done") };

	set_pre_exec(a, list, 1);
	launch(a, "touch", "ran", NULL);
	send_message(a, TO_SUPERVISOR_START, NULL);
	await_ready(a);
	send_signal(a, HOUR_NS);
	expect_exited(a, SIGTERM);
	finish(a, 0);
}

/* ---- plans that are refused ---- */

static void an_addition_that_is_not_allowed_is_refused_before_anything_runs(void **state)
{
	struct agent *a = *state;
	struct plan_mount m = { .target = (char *)"/tmp/../etc", .source = (char *)"/srv" };
	autofd int plan_fd = -EBADF;

	a->plan.mounts = &m;
	a->plan.mounts_count = 1;
	set_argv(a, "true", NULL, NULL);
	plan_fd = write_plan(a);
	spawn(a, plan_fd, NULL);
	finish(a, 1);
	expect_file(
		a, "stderr",
		"mesos-executor: read the launch plan: mounts: [0]: target: '/tmp/../etc' is not "
		"an absolute path without '.', '..' and empty parts, and other than /\n");
}

/* So that what is mounted in a container would be seen here if nothing held it back. */
static int share_mounts(void)
{
	if (geteuid())
		return 0;
	return unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) ||
	       mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_directory_is_bound_for_the_container_alone),
		TEST(without_mounts_it_has_the_namespace_of_the_agent),
		TEST(what_the_host_mounts_later_is_seen_too),
		TEST(devices_and_setuid_programs_are_off_by_themselves),
		TEST(a_mount_may_be_read_only),
		TEST(devices_and_setuid_programs_may_be_on),
		TEST(what_is_mounted_below_a_source_is_bound_with_it),
		TEST(a_tmpfs_has_the_size_of_the_plan),
		TEST(a_file_is_bound_on_a_file),
		TEST(mounts_are_made_in_their_order),
		TEST(nothing_is_made_in_a_source),
		TEST(only_the_last_part_of_a_target_is_made),
		TEST(a_link_in_the_sandbox_leads_no_mount_elsewhere),
		TEST(nor_does_one_on_the_way),
		TEST(a_link_is_no_source),
		TEST(a_missing_source_is_named),
		TEST(a_directory_is_not_bound_on_a_file),
		TEST(a_sandbox_that_a_mount_hides_is_found_out),
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
		TEST(an_addition_that_is_not_allowed_is_refused_before_anything_runs),
	};

	if (prctl(PR_SET_CHILD_SUBREAPER, 1) || share_mounts())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
