/* What may be added to a launch plan, and what is said of the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "agent/container/plan_check.h"

#define SANDBOX "/var/lib/mesos/runs/1"

/* ---- environment ---- */

static void expect_variable(const char *name, const char *value, const char *why)
{
	struct error e = { 0 };

	assert_int_equal(plan_check_variable(name, value, &e), why ? -EINVAL : 0);
	assert_string_equal(e.text, why ? why : "");
}

static void a_variable_has_a_name(void **state unused)
{
	expect_variable("TEAM", "web=1", NULL);
	expect_variable("EMPTY", "", NULL);
	expect_variable("", "x", "environment: '' is not a name");
	expect_variable("A=B", "x", "environment: 'A=B' is not a name");
}

static void what_makes_a_container_known_stays(void **state unused)
{
	static const char *const names[] = {
		"MESOS_EXECUTOR_AUTHENTICATION_TOKEN",
		"MESOS_EXECUTOR_SOCKET",
		"MESOS_AGENT_ENDPOINT",
		"MESOS_SLAVE_PID",
		"MESOS_SANDBOX",
		"MESOS_TASK_ID",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		autofree char *why = xasprintf("environment: %s is the agent's to say", names[i]);

		expect_variable(names[i], "x", why);
	}
	expect_variable("MESOS_NATIVE_JAVA_LIBRARY", "/usr/lib/libmesos.so", NULL);
}

static void a_variable_is_text_that_exec_takes(void **state unused)
{
	autofree char *longest = xcalloc(1, PLAN_TEXT_MAX + 1);

	memset(longest, 'x', PLAN_TEXT_MAX - 2);
	expect_variable("A", longest, NULL);
	expect_variable("AB", longest, "environment: AB: longer than 131071 bytes");
	expect_variable("A", "\xff", "environment: is not UTF-8");
}

/* ---- mounts ---- */

static void expect_mount(struct plan_mount m, const char *why)
{
	struct error e = { 0 };

	assert_int_equal(plan_check_mount(&m, SANDBOX, &e), why ? -EINVAL : 0);
	assert_string_equal(e.text, why ? why : "");
}

static void expect_target(const char *target, const char *why)
{
	expect_mount((struct plan_mount){ .target = (char *)(uintptr_t)target,
					  .source = (char *)(uintptr_t) "/srv" },
		     why);
}

static void a_mount_may_be_in_the_sandbox_and_elsewhere(void **state unused)
{
	expect_target("/tmp", NULL);
	expect_target("/proc/acpi", NULL);
	expect_target("/dev", NULL);
	expect_target(SANDBOX "/data", NULL);
	expect_target(SANDBOX "0", NULL);
	expect_target("/a..b/..c/.d/...", NULL);
}

static void a_path_has_one_form_only(void **state unused)
{
	static const char *const bad[] = { "",    "tmp", "/",     "/..",   "/a/../b", "/a/./b",
					   "//a", "/a/", "/a//b", "/a/..", "./a" };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		autofree char *why = xasprintf("target: '%s' is not an absolute path without '.', "
					       "'..' and empty parts, and other than /",
					       bad[i]);

		expect_target(bad[i], why);
	}
	expect_target("/\xff", "target: is not UTF-8");
}

static void a_source_has_the_same_form(void **state unused)
{
	expect_mount((struct plan_mount){ .target = (char[]){ "/a" },
					  .source = (char[]){ "/b/../etc" } },
		     "source: '/b/../etc' is not an absolute path without '.', '..' and empty "
		     "parts, and other than /");
}

static void a_path_is_no_longer_than_the_kernel_takes(void **state unused)
{
	char part[NAME_MAX + 3] = "/", path[PATH_MAX + 1] = "";
	struct error e;

	memset(part + 1, 'x', NAME_MAX);
	expect_target(part, NULL);
	memset(part + 1, 'x', NAME_MAX + 1);
	assert_int_equal(plan_check_mount(&(struct plan_mount){ .target = part, .source = part },
					  SANDBOX, &e),
			 -EINVAL);
	for (size_t i = 0; i < PATH_MAX; i += 2)
		strcat(path, "/x");
	assert_int_equal(plan_check_mount(&(struct plan_mount){ .target = path, .source = path },
					  SANDBOX, &e),
			 -EINVAL);
	path[PATH_MAX - 2] = '\0';
	expect_target(path, NULL);
}

static void nothing_hides_the_sandbox_or_the_kernels_own(void **state unused)
{
	expect_target(SANDBOX, "target: a mount on " SANDBOX " would hide the sandbox");
	expect_target("/var", "target: a mount on /var would hide the sandbox");
	expect_target("/var/lib/mesos/runs",
		      "target: a mount on /var/lib/mesos/runs would hide the sandbox");
	expect_target("/proc", "target: a mount on /proc would hide all of it");
	expect_target("/sys", "target: a mount on /sys would hide all of it");
}

static void a_tmpfs_has_a_size_and_a_bind_mount_none(void **state unused)
{
	char tmp[] = "/tmp";

	expect_mount((struct plan_mount){ .target = tmp, .size = 4096, .has_size = true }, NULL);
	expect_mount((struct plan_mount){ .target = tmp },
		     "size: a tmpfs needs at least 4096 bytes");
	expect_mount((struct plan_mount){ .target = tmp, .size = UINT64_MAX, .has_size = true },
		     "size: more than there can be");
	expect_mount((struct plan_mount){ .target = tmp, .has_size = true },
		     "size: a tmpfs needs at least 4096 bytes");
	expect_mount((struct plan_mount){ .target = tmp,
					  .source = (char[]){ "/srv" },
					  .size = 4096,
					  .has_size = true },
		     "size: only a tmpfs has one, and this is bound to /srv");
}

/* ---- limits ---- */

static void a_limit_goes_by_the_name_of_prlimit(void **state unused)
{
	enum resource_limit limit;
	struct error e;

	assert_int_equal(plan_check_resource("nproc", &limit, &e), 0);
	assert_int_equal(limit, LIMIT_NPROC);
	assert_int_equal(plan_check_resource("processes", &limit, &e), -EINVAL);
	assert_string_equal(e.text,
			    "limit: 'processes' is unknown; known: as, core, cpu, data, fsize, "
			    "locks, memlock, msgqueue, nice, nofile, nproc, rss, rtprio, rttime, "
			    "sigpending, stack");
	assert_int_equal(plan_check_resource("", &limit, &e), -EINVAL);
}

static void expect_limit(struct plan_limit l, const char *why)
{
	struct error e = { 0 };

	assert_int_equal(plan_check_limit(&l, &e), why ? -EINVAL : 0);
	assert_string_equal(e.text, why ? why : "");
}

static void soft_is_not_above_hard(void **state unused)
{
	expect_limit((struct plan_limit){ .name = LIMIT_NPROC, .has_name = true }, NULL);
	expect_limit((struct plan_limit){ .name = LIMIT_NPROC,
					  .has_name = true,
					  .soft = 1,
					  .has_soft = true },
		     NULL);
	expect_limit((struct plan_limit){ .name = LIMIT_NPROC,
					  .has_name = true,
					  .soft = 2,
					  .has_soft = true,
					  .hard = 2,
					  .has_hard = true },
		     NULL);
	expect_limit((struct plan_limit){ .name = LIMIT_NPROC,
					  .has_name = true,
					  .soft = 3,
					  .has_soft = true,
					  .hard = 2,
					  .has_hard = true },
		     "limit nproc: soft is above hard");
	expect_limit((struct plan_limit){ .name = LIMIT_NPROC,
					  .has_name = true,
					  .hard = 2,
					  .has_hard = true },
		     "limit nproc: soft is above hard");
}

static void open_files_are_never_unlimited(void **state unused)
{
	expect_limit((struct plan_limit){ .name = LIMIT_NOFILE,
					  .has_name = true,
					  .soft = 1,
					  .has_soft = true,
					  .hard = UINT64_MAX - 1,
					  .has_hard = true },
		     "limit nofile: more than there can be");
	expect_limit((struct plan_limit){ .name = LIMIT_NOFILE,
					  .has_name = true,
					  .soft = 9,
					  .has_soft = true },
		     "limit nofile: cannot be unlimited");
}

/* ---- commands ---- */

static void expect_command(const char *program, const char *variable, const char *why)
{
	char *argv[] = { (char *)(uintptr_t)program, (char[]){ "../x" } };
	char *environment[] = { (char *)(uintptr_t)variable };
	struct plan_command c = { .argv = argv,
				  .argv_count = 2,
				  .environment = environment,
				  .environment_count = variable != NULL };
	struct error e = { 0 };

	assert_int_equal(plan_check_command(&c, &e), why ? -EINVAL : 0);
	assert_string_equal(e.text, why ? why : "");
}

static void a_command_is_not_looked_up_in_the_sandbox(void **state unused)
{
	expect_command("/usr/bin/mount", NULL, NULL);
	expect_command("mount", NULL, NULL);
	expect_command("./mount", NULL,
		       "command: './mount' is neither an absolute path nor a name in PATH");
	expect_command("bin/mount", NULL,
		       "command: 'bin/mount' is neither an absolute path nor a name in PATH");
	expect_command("", NULL, "command: '' is neither an absolute path nor a name in PATH");
	expect_command("/usr/../mount", NULL,
		       "command: '/usr/../mount' is not an absolute path without '.', '..' and "
		       "empty parts, and other than /");
}

static void a_command_may_have_variables(void **state unused)
{
	expect_command("mount", "A=", NULL);
	expect_command("mount", "A", "environment: 'A' is not NAME=value");
	expect_command("mount", "=A", "environment: '' is not a name");
	expect_command("mount", "MESOS_SANDBOX=/etc",
		       "environment: MESOS_SANDBOX is the agent's to say");
}

static void a_command_is_bounded(void **state unused)
{
	char *argv[PLAN_ARGUMENTS_MAX + 1];
	autofree char *text = xcalloc(1, PLAN_TEXT_MAX + 2);
	struct plan_command c = { .argv = argv };
	struct error e;

	assert_int_equal(plan_check_command(&c, &e), -EINVAL);
	assert_string_equal(e.text, "command: is empty");
	for (size_t i = 0; i < ARRAY_SIZE(argv); i++)
		argv[i] = (char *)(uintptr_t) "x";
	c.argv_count = PLAN_ARGUMENTS_MAX;
	assert_int_equal(plan_check_command(&c, &e), 0);
	c.argv_count++;
	assert_int_equal(plan_check_command(&c, &e), -EINVAL);
	assert_string_equal(e.text, "command: arguments: more than 256");
	c.argv_count = 2;
	argv[1] = memset(text, 'x', PLAN_TEXT_MAX);
	assert_int_equal(plan_check_command(&c, &e), 0);
	text[PLAN_TEXT_MAX] = 'x';
	assert_int_equal(plan_check_command(&c, &e), -EINVAL);
	assert_string_equal(e.text, "command: longer than 131071 bytes");
}

/* ---- a plan ---- */

static void expect_plan(struct launch_plan p, const char *why)
{
	struct error e = { 0 };

	p.directory = (char *)(uintptr_t)SANDBOX;
	assert_int_equal(plan_check(&p, &e), why ? -EINVAL : 0);
	assert_string_equal(e.text, why ? why : "");
}

static void what_is_wrong_in_a_plan_is_named_by_its_place(void **state unused)
{
	char *good[] = { (char[]){ "true" } }, *bad[] = { (char[]){ "" } };
	struct plan_mount mounts[] = { { .target = (char[]){ "/a" }, .source = (char[]){ "/b" } },
				       { .target = (char[]){ "/a" } } };
	struct plan_limit limits[] = { { .name = LIMIT_CPU, .has_name = true },
				       { .name = LIMIT_CORE, .has_name = true },
				       { .name = LIMIT_CPU, .has_name = true } };
	struct plan_command commands[] = { { .argv = good, .argv_count = 1 },
					   { .argv = bad, .argv_count = 1 } };

	expect_plan((struct launch_plan){ .mounts = mounts,
					  .mounts_count = 1,
					  .limits = limits,
					  .limits_count = 2,
					  .pre_exec = commands,
					  .pre_exec_count = 1 },
		    NULL);
	expect_plan((struct launch_plan){ .mounts = mounts, .mounts_count = 2 },
		    "mounts: [1]: size: a tmpfs needs at least 4096 bytes");
	expect_plan((struct launch_plan){ .limits = limits, .limits_count = 3 },
		    "limits: [2]: a second one of cpu");
	expect_plan((struct launch_plan){ .pre_exec = commands, .pre_exec_count = 2 },
		    "pre_exec: [1]: command: '' is neither an absolute path nor a name in PATH");
}

static void a_plan_is_bounded(void **state unused)
{
	expect_plan((struct launch_plan){ .mounts_count = PLAN_MOUNTS_MAX + 1 },
		    "mounts: more than 64");
	expect_plan((struct launch_plan){ .pre_exec_count = PLAN_COMMANDS_MAX + 1 },
		    "pre_exec: more than 32");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_variable_has_a_name),
		cmocka_unit_test(what_makes_a_container_known_stays),
		cmocka_unit_test(a_variable_is_text_that_exec_takes),
		cmocka_unit_test(a_mount_may_be_in_the_sandbox_and_elsewhere),
		cmocka_unit_test(a_path_has_one_form_only),
		cmocka_unit_test(a_source_has_the_same_form),
		cmocka_unit_test(a_path_is_no_longer_than_the_kernel_takes),
		cmocka_unit_test(nothing_hides_the_sandbox_or_the_kernels_own),
		cmocka_unit_test(a_tmpfs_has_a_size_and_a_bind_mount_none),
		cmocka_unit_test(a_limit_goes_by_the_name_of_prlimit),
		cmocka_unit_test(soft_is_not_above_hard),
		cmocka_unit_test(open_files_are_never_unlimited),
		cmocka_unit_test(a_command_is_not_looked_up_in_the_sandbox),
		cmocka_unit_test(a_command_may_have_variables),
		cmocka_unit_test(a_command_is_bounded),
		cmocka_unit_test(what_is_wrong_in_a_plan_is_named_by_its_place),
		cmocka_unit_test(a_plan_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
