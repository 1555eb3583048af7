/* A chain of hooks: what each sees and makes, and what it is without them. */
#include "tests/unit/hooks-fixture.h"

#include <signal.h>

#include "lib/fs.h"

/* ---- what they make ---- */

static const struct example three[] = {
	{ "labels", "org_example_labels", { "add=a=1", "add=b=1" } },
	{ "labels", "org_example_labels_2", { "set=a=2", "remove=b", "add=c=2" } },
	{ "labels", "org_example_labels_3", { "add=a=3" } },
};

static void each_hook_sees_what_those_before_it_have_made(void **state)
{
	struct fixture *f = *state;
	autorun struct run r = { .done = 0 };

	SET_UP(f, three, THREE_NAMES);
	start_hooks();
	decorate(f, &r, "t");
	expect_passed(&r);
	expect_labels(&r, "own:0;a:2;c:2;a:3");
}

static void they_are_called_in_the_order_of_their_flag(void **state)
{
	struct fixture *f = *state;
	autorun struct run r = { .done = 0 };

	SET_UP(f, three, "org_example_labels_3,org_example_labels");
	start_hooks();
	decorate(f, &r, "t");
	expect_labels(&r, "own:0;a:3;a:1;b:1");
}

static void what_was_removed_is_gone(void **state)
{
	static const struct example list[] = {
		{ "labels", "org_example_labels", { "remove=own" } },
	};
	struct fixture *f = *state;
	autorun struct run r = { .done = 0 };

	SET_UP(f, list, "org_example_labels");
	start_hooks();
	decorate(f, &r, "t");
	expect_labels(&r, "");
}

static void an_environment_is_decorated(void **state)
{
	static const struct example list[] = {
		{ "environment", "org_example_environment", { "A=1", "B=", "D=1" } },
	};
	struct fixture *f = *state;
	autorun struct run r = { .done = 0 };
	autobuf struct buf all = { 0 };

	SET_UP(f, list, "org_example_environment");
	start_hooks();
	r.hook.call.environment =
		record(environment_schema(), "{\"variables\":[{\"name\":\"A\",\"value\":\"0\"},"
					     "{\"name\":\"B\",\"value\":\"0\"},"
					     "{\"name\":\"C\",\"value\":\"0\"}]}");
	run(f, &r, HOOK_ENVIRONMENT);
	schema_encode(environment_schema(), r.hook.call.environment, &all);
	assert_string_equal(buf_text(&all), "{\"variables\":[{\"name\":\"A\",\"value\":\"1\"},"
					    "{\"name\":\"C\",\"value\":\"0\"},"
					    "{\"name\":\"D\",\"value\":\"1\"}]}");
}

static void a_disk_limit_is_decided(void **state)
{
	static const struct example list[] = {
		{ "disk", "org_example_disk", { "decisions=limit=100,nothing" } },
	};
	struct fixture *f = *state;
	autorun struct run r = { .done = 0 }, other = { .done = 0 };

	SET_UP(f, list, "org_example_disk");
	start_hooks();
	run(f, &r, HOOK_DISK_LIMIT);
	assert_int_equal(r.hook.decision, DECIDE_LIMIT);
	assert_int_equal(r.hook.limit_bytes, 100);
	run(f, &other, HOOK_DISK_LIMIT);
	assert_int_equal(other.hook.decision, DECIDE_NOTHING);
}

static void nobody_is_called_for_what_no_hook_wants(void **state)
{
	struct fixture *f = *state;
	autorun struct run r = { .done = 0 };

	SET_UP(f, three, THREE_NAMES);
	start_hooks();
	assert_true(hooks_wanted(hooks, HOOK_TASK_LABELS));
	assert_false(hooks_wanted(hooks, HOOK_PRE_LAUNCH));
	assert_false(hooks_wanted(NULL, HOOK_TASK_LABELS));
	start(&r, HOOK_PRE_LAUNCH);
	assert_int_equal(r.done, 1);
	expect_passed(&r);
}

static void one_that_has_nothing_to_be_called_for_is_idle(void **state)
{
	static const struct example list[] = {
		{ "environment", "org_example_environment", { NULL } },
		{ "labels", "org_example_labels", { NULL } },
		{ "labels", "org_example_labels_2", { NULL } },
	};
	struct fixture *f = *state;

	options.functions = BIT(HOOK_MASTER_LABELS);
	SET_UP(f, list, "org_example_environment,org_example_labels");
	start_hooks();
	expect_state(0, "idle");
	expect_state(1, "active");
	expect_state(2, "loaded");
}

/* ---- one that is stopped ---- */

/* The second one waits for a file. */
static void set_up_waiting(struct fixture *f)
{
	autofree char *go = path_join(f->dir, "go"), *until = xasprintf("until=%s", go);
	const struct example list[] = {
		{ "labels", "org_example_labels", { "add=a=1" } },
		{ "status", "org_example_status", { until } },
	};

	SET_UP(f, list, "org_example_labels,org_example_status");
	start_hooks();
}

static void begin_status(struct run *r, const char *task_state)
{
	autofree char *status =
		xasprintf("{\"task_id\":{\"value\":\"t\"},\"state\":\"%s\"}", task_state);

	r->hook.call.status = record(task_status_schema(), status);
	set_labels(r, "own:0");
	start(r, HOOK_STATUS_LABELS);
}

static void one_that_is_stopped_is_not_done(void **state)
{
	struct fixture *f = *state;
	autorun struct run r = { .done = 0 }, behind = { .done = 0 };

	set_up_waiting(f);
	begin_status(&r, "TASK_RUNNING");
	RUN_UNTIL(f->loop,
		  metric("hooks/org_example_labels/slave_task_status_label_decorator/calls") == 1);
	begin_status(&behind, "TASK_FINISHED");
	run_fini(&r); /* its call is with the host */
	free(put_file(f, "go", ""));
	RUN_UNTIL(f->loop, behind.done);
	expect_labels(&behind, "own:0;a:1;state:TASK_FINISHED;reason:");
	assert_int_equal(r.done, 0);
	assert_true(metric("hooks/org_example_status/slave_task_status_label_decorator/calls") ==
		    1);
}

/* It hangs, and its task is killed meanwhile, each time. */
static void what_nobody_waits_for_is_blamed_for_what_it_does(void **state)
{
	static const struct example list[] = {
		{ "misbehaves", "org_example_misbehaves", { "how=sleep" } },
	};
	struct fixture *f = *state;

	f->o.hook_timeout = 100 * NSEC_PER_MSEC;
	options.hook_failures_max = 2;
	SET_UP(f, list, "org_example_misbehaves");
	start_hooks();
	for (unsigned i = 1; i <= 2; i++) {
		autorun struct run r = { .done = 0 };

		r.hook.call.task =
			record(task_info_schema(), "{\"name\":\"t\",\"task_id\":{\"value\":\"t\"},"
						   "\"agent_id\":{\"value\":\"a\"}}");
		set_labels(&r, "own:0");
		start(&r, HOOK_TASK_LABELS);
		run_fini(&r);
		RUN_UNTIL(f->loop, f->restarted == i); /* what is not begun is forgotten */
		assert_int_equal(r.done, 0);
	}
	expect_counts("org_example_misbehaves", 2, 2, 2);
	expect_state(0, "disabled");
}

static void nor_is_it_called_while_its_process_is_away(void **state)
{
	struct fixture *f = *state;
	autorun struct run r = { .done = 0 }, behind = { .done = 0 };
	struct module_state s;

	set_up_waiting(f);
	free(put_file(f, "go", ""));
	assert_true(modules_state(f->modules, 0, &s));
	modules_state_fini(&s);
	kill((pid_t)s.host_pid, SIGKILL);
	RUN_UNTIL(f->loop, modules_restarts(f->modules) == 1);
	begin_status(&r, "TASK_RUNNING");
	begin_status(&behind, "TASK_FINISHED");
	run_fini(&r);
	RUN_UNTIL(f->loop, behind.done);
	expect_labels(&behind, "own:0;a:1;state:TASK_FINISHED;reason:");
	assert_true(metric("hooks/org_example_labels/slave_task_status_label_decorator/calls") ==
		    1);
}

/* ---- flags ---- */

static void expect_flags_refused(struct fixture *f, const char *names, const char *why)
{
	struct error e = { 0 };

	options.modules = f->modules;
	options.hooks = names;
	assert_int_equal(hooks_new(&options, &hooks, &e), -EINVAL);
	assert_string_equal(e.text, why);
	assert_null(hooks);
}

static void flags_have_to_fit(void **state)
{
	struct fixture *f = *state;

	configure(f, three, ARRAY_SIZE(three));
	take(f);
	expect_flags_refused(f, "nobody",
			     "Error installing hooks: No hook module named 'nobody' available");
	expect_flags_refused(f, "org_example_labels,",
			     "Error installing hooks: No hook module named '' available");
	expect_flags_refused(
		f, "org_example_labels_2,org_example_labels_2",
		"Error installing hooks: Hook module 'org_example_labels_2' already loaded");
	options.hook_failure = "Fail";
	expect_flags_refused(f, NULL, "--hook_failure: 'Fail' is neither ignore nor fail");
}

static void an_isolator_is_named_once(void **state)
{
	struct fixture *f = *state;
	struct error e = { 0 };

	SET_UP(f, three, "org_example_labels");
	add_isolator("org_example_labels_2");
	assert_int_equal(hooks_add_isolator(hooks, "org_example_labels", &e), -EINVAL);
	assert_string_equal(e.text, "--isolation: module 'org_example_labels' is named twice, here "
				    "or in --hooks");
	assert_int_equal(hooks_add_isolator(hooks, "org_example_labels_2", &e), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOOKS_TEST(each_hook_sees_what_those_before_it_have_made),
		HOOKS_TEST(they_are_called_in_the_order_of_their_flag),
		HOOKS_TEST(what_was_removed_is_gone),
		HOOKS_TEST(an_environment_is_decorated),
		HOOKS_TEST(a_disk_limit_is_decided),
		HOOKS_TEST(nobody_is_called_for_what_no_hook_wants),
		HOOKS_TEST(one_that_has_nothing_to_be_called_for_is_idle),
		HOOKS_TEST(one_that_is_stopped_is_not_done),
		HOOKS_TEST(what_nobody_waits_for_is_blamed_for_what_it_does),
		HOOKS_TEST(nor_is_it_called_while_its_process_is_away),
		HOOKS_TEST(flags_have_to_fit),
		HOOKS_TEST(an_isolator_is_named_once),
	};

	return cmocka_run_group_tests_name("hooks", tests, NULL, NULL);
}
