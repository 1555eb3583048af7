/* A launch plan as isolators see it: what they add to it, and what it cannot have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <limits.h>
#include <math.h>

#include "agent/container/plan_check.h"
#include "lib/hooks.h"
#include "mesos/isolator.h"
#include "tools/module-host/plan.h"
#include "tools/module-host/reply.h"

static struct module_call call;
static struct planning planning;
static struct mesos_plan *plan;
static struct mesos_usage *usage;

static int begin(void **state unused)
{
	struct error e = { 0 };

	call = (struct module_call){ .container = xcalloc(1, sizeof(struct module_container)) };
	call.container->sandbox = xstrdup("/work/sandbox");
	if (planning_begin(&planning, &call, &e))
		fail_msg("%s", e.text);
	plan = (void *)&planning;
	usage = (void *)&call;
	reply_begin("x");
	return 0;
}

static int end(void **state unused)
{
	schema_clear(plan_additions_schema(), &planning.additions);
	schema_clear(module_call_schema(), &call);
	return 0;
}

static void taken(int r)
{
	if (r)
		fail_msg("%s", reply_failure());
}

static void refused(int r, const char *why)
{
	assert_int_equal(r, -1);
	assert_string_equal(reply_failure(), why);
	reply_begin("x");
}

/* Ends the planning: the call has this. */
static void expect_additions(const char *text)
{
	autofree char *all = NULL;

	planning_end(&planning, &call);
	all = json_dumps(call.additions, JSON_COMPACT);
	assert_string_equal(all, text);
}

static void all_that_is_added_is_in_the_call(void **state unused)
{
	const char *const argv[] = { "/bin/true", "-x", NULL };

	taken(mesos_plan_set_environment(plan, "A", "1=2"));
	taken(mesos_plan_bind(plan, "/data", "/work/sandbox/data", true));
	taken(mesos_plan_bind(plan, "/data", "/mnt", false));
	taken(mesos_plan_tmpfs(plan, "/tmp", 4096));
	taken(mesos_plan_limit(plan, "core", 0, MESOS_NO_LIMIT));
	taken(mesos_plan_limit(plan, "nofile", 10, 20));
	taken(mesos_plan_command(plan, argv));
	expect_additions(
		"{\"environment\":[\"A=1=2\"],\"mounts\":["
		"{\"target\":\"/work/sandbox/data\",\"source\":\"/data\",\"read_only\":true},"
		"{\"target\":\"/mnt\",\"source\":\"/data\",\"read_only\":false},"
		"{\"target\":\"/tmp\",\"size\":4096}],"
		"\"limits\":[{\"name\":\"core\",\"soft\":0},"
		"{\"name\":\"nofile\",\"soft\":10,\"hard\":20}],"
		"\"pre_exec\":[{\"argv\":[\"/bin/true\",\"-x\"]}]}");
}

static void what_isolators_before_it_have_added_stays(void **state unused)
{
	struct error e = { 0 };

	taken(mesos_plan_set_environment(plan, "A", "1"));
	taken(mesos_plan_limit(plan, "nofile", 10, 20));
	planning_end(&planning, &call);
	if (planning_begin(&planning, &call, &e))
		fail_msg("%s", e.text);
	taken(mesos_plan_set_environment(plan, "B", "2"));
	taken(mesos_plan_limit(plan, "nofile", 5, 5));
	expect_additions("{\"environment\":[\"A=1\",\"B=2\"],"
			 "\"limits\":[{\"name\":\"nofile\",\"soft\":5,\"hard\":5}]}");
}

static void a_variable_has_to_be_one(void **state unused)
{
	refused(mesos_plan_set_environment(plan, NULL, "v"),
		"environment: a variable has a name and a value");
	refused(mesos_plan_set_environment(plan, "A", NULL),
		"environment: a variable has a name and a value");
	refused(mesos_plan_set_environment(plan, "", "v"), "environment: '' is not a name");
	refused(mesos_plan_set_environment(plan, "A=B", "v"), "environment: 'A=B' is not a name");
	refused(mesos_plan_set_environment(plan, "A", "\xff"), "environment: is not UTF-8");
	refused(mesos_plan_set_environment(plan, "MESOS_TASK_ID", "x"),
		"environment: MESOS_TASK_ID is the agent's to say");
	expect_additions("{}");
}

#define NO_PLAIN_PATH(what, path)                                                                  \
	what ": '" path "' is not an absolute path without '.', '..' and empty parts, and other "  \
	     "than /"

static void a_mount_hides_nothing_that_is_needed(void **state unused)
{
	refused(mesos_plan_bind(plan, NULL, "/mnt", false), "source: a bind mount has one");
	refused(mesos_plan_bind(plan, "/data", NULL, false), "target: a mount has one");
	refused(mesos_plan_tmpfs(plan, NULL, 4096), "target: a mount has one");
	refused(mesos_plan_bind(plan, "data", "/mnt", false), NO_PLAIN_PATH("source", "data"));
	refused(mesos_plan_bind(plan, "/data/../etc", "/mnt", false),
		NO_PLAIN_PATH("source", "/data/../etc"));
	refused(mesos_plan_bind(plan, "/data", "/", false), NO_PLAIN_PATH("target", "/"));
	refused(mesos_plan_bind(plan, "/data", "/work", false),
		"target: a mount on /work would hide the sandbox");
	refused(mesos_plan_tmpfs(plan, "/work/sandbox", 4096),
		"target: a mount on /work/sandbox would hide the sandbox");
	refused(mesos_plan_bind(plan, "/data", "/proc", true),
		"target: a mount on /proc would hide all of it");
	refused(mesos_plan_tmpfs(plan, "/mnt", 4095), "size: a tmpfs needs at least 4096 bytes");
	refused(mesos_plan_tmpfs(plan, "/mnt", 0), "size: a tmpfs needs at least 4096 bytes");
	expect_additions("{}");
}

static void a_limit_is_one_that_can_be_set(void **state unused)
{
	refused(mesos_plan_limit(plan, NULL, 1, 1), "limit: it has a name");
	assert_int_equal(mesos_plan_limit(plan, "files", 1, 1), -1);
	assert_non_null(strstr(reply_failure(), "limit: 'files' is unknown; known: as, core, "));
	refused(mesos_plan_limit(plan, "nofile", 1, MESOS_NO_LIMIT),
		"limit nofile: cannot be unlimited");
	refused(mesos_plan_limit(plan, "core", 2, 1), "limit core: soft is above hard");
	refused(mesos_plan_limit(plan, "core", MESOS_NO_LIMIT, 1),
		"limit core: soft is above hard");
	expect_additions("{}");
}

static void a_command_is_found_without_the_sandbox(void **state unused)
{
	const char *const none[] = { NULL }, *const nothing[] = { "", NULL };
	const char *const below[] = { "bin/true", NULL }, *const above[] = { "/bin/../x", NULL };
	const char *const bytes[] = { "/bin/true", "\xff", NULL };

	refused(mesos_plan_command(plan, NULL), "command: is empty");
	refused(mesos_plan_command(plan, none), "command: is empty");
	refused(mesos_plan_command(plan, nothing),
		"command: '' is neither an absolute path nor a name in PATH");
	refused(mesos_plan_command(plan, below),
		"command: 'bin/true' is neither an absolute path nor a name in PATH");
	refused(mesos_plan_command(plan, above), NO_PLAIN_PATH("command", "/bin/../x"));
	refused(mesos_plan_command(plan, bytes), "command: is not UTF-8");
	expect_additions("{}");
}

static void there_is_a_most_of_everything(void **state unused)
{
	static const char *argv[PLAN_ARGUMENTS_MAX + 2];
	const char *const one[] = { "true", NULL };

	for (size_t i = 0; i <= PLAN_ARGUMENTS_MAX; i++)
		argv[i] = "true";
	refused(mesos_plan_command(plan, argv), "command: arguments: more than 256");
	for (size_t i = 0; i < PLAN_ARGUMENTS_MAX; i++)
		taken(mesos_plan_set_environment(plan, "A", ""));
	refused(mesos_plan_set_environment(plan, "A", ""), "environment: more than 256 variables");
	for (size_t i = 0; i < PLAN_MOUNTS_MAX; i++)
		taken(mesos_plan_tmpfs(plan, "/mnt", 4096));
	refused(mesos_plan_tmpfs(plan, "/mnt", 4096), "mounts: more than 64");
	refused(mesos_plan_bind(plan, "/data", "/mnt", true), "mounts: more than 64");
	for (size_t i = 0; i < PLAN_COMMANDS_MAX; i++)
		taken(mesos_plan_command(plan, one));
	refused(mesos_plan_command(plan, one), "pre_exec: more than 32");
}

static void a_number_of_usage_is_finite_and_has_a_name(void **state unused)
{
	static const char why[] = "usage: a number is finite, and has a name of at most 255 bytes";
	char name[NAME_MAX + 2] = "";

	memset(name, 'n', NAME_MAX + 1);
	refused(mesos_usage_set(usage, NULL, 1), why);
	refused(mesos_usage_set(usage, "", 1), why);
	refused(mesos_usage_set(usage, "\xff", 1), why);
	refused(mesos_usage_set(usage, name, 1), why);
	refused(mesos_usage_set(usage, "n", NAN), why);
	refused(mesos_usage_set(usage, "n", INFINITY), why);
	taken(mesos_usage_set(usage, name + 1, 1));
	taken(mesos_usage_set(usage, name + 1, 2));
	assert_int_equal(call.usage_count, 1);
	assert_true(call.usage[0].value == 2);
	for (size_t i = 2; i <= HOOK_USAGE_MAX; i++)
		taken(mesos_usage_set(usage, name + i, 1));
	refused(mesos_usage_set(usage, "n", 1), "usage: more than 64 numbers");
}

#define WITH_PLAN(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_PLAN(all_that_is_added_is_in_the_call),
		WITH_PLAN(what_isolators_before_it_have_added_stays),
		WITH_PLAN(a_variable_has_to_be_one),
		WITH_PLAN(a_mount_hides_nothing_that_is_needed),
		WITH_PLAN(a_limit_is_one_that_can_be_set),
		WITH_PLAN(a_command_is_found_without_the_sandbox),
		WITH_PLAN(there_is_a_most_of_everything),
		WITH_PLAN(a_number_of_usage_is_finite_and_has_a_name),
	};

	return cmocka_run_group_tests_name("module-plan", tests, NULL, NULL);
}
