/* Every sentence with which a task can be refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "lib/labels.h"
#include "master/validate.h"

#define CPUS   "{\"name\":\"cpus\",\"type\":\"SCALAR\",\"scalar\":{\"value\":1}}"
#define MEM(n) "{\"name\":\"mem\",\"type\":\"SCALAR\",\"scalar\":{\"value\":" #n "}}"
#define CPUS_OF(n, role)                                                                           \
	"{\"name\":\"cpus\",\"type\":\"SCALAR\",\"role\":\"" role "\",\"scalar\":{\"value\":" #n   \
	"}}"
#define TASK           "\"name\":\"n\",\"agent_id\":{\"value\":\"A\"},\"task_id\":{\"value\":\"t\"}"
#define COMMAND        ",\"command\":{\"value\":\"true\"}"
#define RESOURCES      ",\"resources\":[" CPUS "]"
#define EXECUTOR(more) ",\"executor\":{\"executor_id\":{\"value\":\"x\"}" more "}"
#define EXECUTOR_OK    ",\"framework_id\":{\"value\":\"F\"},\"command\":{\"value\":\"run\"}"

struct fixture {
	struct resources available;
	struct launch_context context;
	struct demand demand;
	struct error e;
};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	assert_int_equal(resources_parse("cpus(prod):0.5;cpus:4;mem:100;disk:10", "*",
					 &f->available, &f->e),
			 0);
	f->context = (struct launch_context){
		.framework_id = "F",
		.role = "prod",
		.agent_id = "A",
		.available = &f->available,
		.root_allowed = true,
	};
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	resources_fini(&f->available);
	demand_fini(&f->demand);
	free(f);
	return 0;
}

static int validate(struct fixture *f, const char *text)
{
	struct task_info t = { 0 };
	int r = schema_decode_text(task_info_schema(), text, strlen(text), &t, &f->e);

	if (r)
		fail_msg("%s: %s", text, f->e.text);
	r = validate_task(&t, &f->context, &f->demand, &f->e);
	schema_clear(task_info_schema(), &t);
	return r;
}

static void refused(struct fixture *f, const char *text, const char *sentence)
{
	assert_int_equal(validate(f, text), -EINVAL);
	assert_string_equal(f->e.text, sentence);
	assert_true(resources_empty(&f->demand.task) && resources_empty(&f->demand.executor));
}

static void a_good_task_takes_its_role_s_own_resources_first(void **state)
{
	struct fixture *f = *state;
	autobuf struct buf text = { 0 };

	assert_int_equal(validate(f, "{" TASK COMMAND RESOURCES "}"), 0);
	resources_print(&f->demand.task, &text);
	assert_string_equal(buf_text(&text), "cpus:0.5; cpus(prod):0.5");
	assert_true(resources_empty(&f->demand.executor));
}

static void an_executor_is_charged_only_when_it_is_not_running(void **state)
{
	struct fixture *f = *state;
	static const char task[] =
		"{" TASK RESOURCES EXECUTOR(EXECUTOR_OK ",\"resources\":[" MEM(64) "]") "}";
	struct executor_info running = { 0 };
	static const char info[] =
		"{\"executor_id\":{\"value\":\"x\"}" EXECUTOR_OK ",\"resources\":[" MEM(64) "]}";

	assert_int_equal(validate(f, task), 0);
	assert_int_equal(resources_scalar(&f->demand.executor, "mem"), 64 * SCALAR_UNIT);
	demand_fini(&f->demand);
	assert_int_equal(schema_decode_text(executor_info_schema(), info, strlen(info), &running,
					    &f->e),
			 0);
	f->context.running = &running;
	assert_int_equal(validate(f, task), 0);
	assert_true(resources_empty(&f->demand.executor));
	schema_clear(executor_info_schema(), &running);
}

static void an_executor_that_runs_must_be_the_same(void **state)
{
	struct fixture *f = *state;
	struct executor_info running = { 0 };
	static const char info[] =
		"{\"executor_id\":{\"value\":\"x\"},\"name\":\"other\"" EXECUTOR_OK "}";

	assert_int_equal(schema_decode_text(executor_info_schema(), info, strlen(info), &running,
					    &f->e),
			 0);
	f->context.running = &running;
	refused(f, "{" TASK RESOURCES EXECUTOR(EXECUTOR_OK) "}",
		"Task has invalid ExecutorInfo (existing ExecutorInfo with same ExecutorID is not "
		"compatible).");
	schema_clear(executor_info_schema(), &running);
}

/* A task whose executor says that it has other resources than the one that runs. */
static int beside(struct fixture *f, const char *running, const char *task)
{
	autofree char *info =
		xasprintf("{\"executor_id\":{\"value\":\"x\"}" EXECUTOR_OK ",\"resources\":[%s]}",
			  running);
	autofree char *text =
		xasprintf("{" TASK RESOURCES EXECUTOR(EXECUTOR_OK ",\"resources\":[%s]") "}", task);
	struct executor_info x = { 0 };
	int r;

	assert_int_equal(schema_decode_text(executor_info_schema(), info, strlen(info), &x, &f->e),
			 0);
	f->context.running = &x;
	r = validate(f, text);
	f->context.running = NULL;
	demand_fini(&f->demand);
	schema_clear(executor_info_schema(), &x);
	return r;
}

static void the_roles_that_an_executor_was_given_make_no_other_executor(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(beside(f, CPUS_OF(0.5, "prod") "," CPUS_OF(0.5, "*") "," MEM(32),
				MEM(32) "," CPUS),
			 0);
	assert_int_equal(beside(f, CPUS_OF(0.5, "prod") "," MEM(32), MEM(32) "," CPUS), -EINVAL);
	assert_int_equal(beside(f, MEM(32), MEM(-1)), -EINVAL);
}

static void ids_are_checked_before_anything_else(void **state)
{
	struct fixture *f = *state;

	refused(f,
		"{\"name\":\"n\",\"agent_id\":{\"value\":\"A\"},\"task_id\":{\"value\":\"a/b\"}}",
		"TaskID 'a/b' contains invalid characters");
	refused(f, "{\"name\":\"n\",\"agent_id\":{\"value\":\"B\"},\"task_id\":{\"value\":\"t\"}}",
		"Task uses invalid agent B while agent A is expected");
	f->context.known = true;
	refused(f, "{" TASK "}", "Task has duplicate ID: t");
}

static void a_task_runs_a_command_or_an_executor_not_both(void **state)
{
	static const char sentence[] = "Task should have at least one (but not both) of "
				       "CommandInfo or ExecutorInfo present";
	struct fixture *f = *state;

	refused(f, "{" TASK RESOURCES "}", sentence);
	refused(f, "{" TASK RESOURCES COMMAND EXECUTOR(EXECUTOR_OK) "}", sentence);
}

static void an_executor_is_checked(void **state)
{
	struct fixture *f = *state;

	refused(f, "{" TASK RESOURCES EXECUTOR("") "}",
		"Task has invalid ExecutorInfo: missing field 'framework_id'");
	refused(f, "{" TASK RESOURCES EXECUTOR(",\"framework_id\":{\"value\":\"G\"}") "}",
		"ExecutorInfo has an invalid FrameworkID (Actual: G vs Expected: F)");
	refused(f, "{" TASK RESOURCES EXECUTOR(",\"framework_id\":{\"value\":\"F\"}") "}",
		"Task has invalid ExecutorInfo: missing field 'command'");
	refused(f, "{" TASK RESOURCES EXECUTOR(EXECUTOR_OK ",\"type\":\"DEFAULT\"") "}",
		"Task has invalid ExecutorInfo: type 'DEFAULT' is not supported");
	refused(f, "{" TASK RESOURCES ",\"executor\":{\"executor_id\":{\"value\":\"..\"}}}",
		"ExecutorID '..' contains invalid characters");
}

#define NO_CONTAINER                                                                               \
	"Task uses 'container': only type MESOS with 'linux_info.effective_capabilities' is "      \
	"supported"

#define CAPABILITIES                                                                               \
	",\"container\":{\"type\":\"MESOS\",\"linux_info\":{\"effective_capabilities\":"           \
	"{\"capabilities\":[\"NET_RAW\"]}}}"

static void what_is_not_built_is_refused_by_name(void **state)
{
	struct fixture *f = *state;

	refused(f, "{" TASK RESOURCES COMMAND ",\"container\":{\"type\":\"DOCKER\"}}",
		NO_CONTAINER);
	refused(f, "{" TASK RESOURCES COMMAND ",\"container\":{\"type\":\"MESOS\",\"volumes\":[]}}",
		NO_CONTAINER);
	refused(f,
		"{" TASK RESOURCES COMMAND
		",\"container\":{\"linux_info\":{\"seccomp\":{\"unconfined\":true}}}}",
		NO_CONTAINER);
	refused(f, "{" TASK RESOURCES COMMAND ",\"health_check\":{}}",
		"Task uses 'health_check': health checks are not supported");
	refused(f,
		"{" TASK RESOURCES
		",\"command\":{\"value\":\"x\",\"uris\":[{\"value\":\"http://a/b\"}]}}",
		"Task uses 'uris': fetching into the sandbox is not supported");
	refused(f,
		"{" TASK RESOURCES EXECUTOR(EXECUTOR_OK ",\"container\":{\"type\":\"DOCKER\"}") "}",
		NO_CONTAINER);
	refused(f, "{" TASK RESOURCES EXECUTOR(EXECUTOR_OK) ",\"container\":{}}",
		"Task uses 'container': it runs in that of its executor");
}

static void a_container_may_ask_for_capabilities(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(validate(f, "{" TASK RESOURCES COMMAND CAPABILITIES "}"), 0);
	demand_fini(&f->demand);
	assert_int_equal(validate(f, "{" TASK RESOURCES EXECUTOR(EXECUTOR_OK CAPABILITIES) "}"), 0);
}

static void root_may_run_tasks_only_if_the_operator_lets_it(void **state)
{
	static const char task[] =
		"{" TASK RESOURCES ",\"command\":{\"value\":\"id\",\"user\":\"root\"}}";
	struct fixture *f = *state;

	assert_int_equal(validate(f, task), 0);
	demand_fini(&f->demand);
	f->context.root_allowed = false;
	refused(f, task, "User 'root' is not allowed to run tasks");
}

static void resources_must_make_sense_and_be_there(void **state)
{
	struct fixture *f = *state;

	refused(f, "{" TASK COMMAND "}", "Task uses no resources");
	refused(f, "{" TASK COMMAND ",\"resources\":[" MEM(0) "]}", "Task uses no resources");
	refused(f, "{" TASK COMMAND ",\"resources\":[" MEM(101) "]}",
		"Task uses more resources mem:101 than available cpus:4; cpus(prod):0.5; disk:10; "
		"mem:100");
	assert_int_equal(validate(f, "{" TASK COMMAND ",\"resources\":[" MEM(-1) "]}"), -EINVAL);
	assert_true(str_starts(f->e.text, "Task uses invalid resources: "));
	assert_int_equal(validate(f, "{" TASK RESOURCES EXECUTOR(
					     EXECUTOR_OK ",\"resources\":[" MEM(-1) "]") "}"),
			 -EINVAL);
	assert_true(str_starts(f->e.text, "Executor uses invalid resources: "));
}

static void task_and_executor_together_must_fit(void **state)
{
	struct fixture *f = *state;

	refused(f,
		"{" TASK ",\"resources\":[" MEM(60) "]" EXECUTOR(
			EXECUTOR_OK ",\"resources\":[" MEM(60) "]") "}",
		"Task uses more resources mem:120 than available cpus:4; cpus(prod):0.5; disk:10; "
		"mem:100");
}

static void a_task_names_no_role_but_its_framework_s_own(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(validate(f, "{" TASK COMMAND ",\"resources\":[" CPUS_OF(0.5, "prod") "]}"),
			 0);
	demand_fini(&f->demand);
	refused(f, "{" TASK COMMAND ",\"resources\":[" CPUS_OF(0.5, "dev") "]}",
		"Task uses more resources cpus(dev):0.5 than available cpus:4; cpus(prod):0.5; "
		"disk:10; mem:100");
	refused(f,
		"{" TASK RESOURCES EXECUTOR(EXECUTOR_OK
					    ",\"resources\":[" CPUS_OF(1, "dev") "]") "}",
		"Task uses more resources cpus:1; cpus(dev):1 than available cpus:4; "
		"cpus(prod):0.5; disk:10; mem:100");
}

/* n bytes of text, in this place of a task. */
static int with_text(struct fixture *f, const char *before, size_t n, const char *after)
{
	autofree char *filling = xcalloc(1, n + 1);
	autofree char *text = NULL;

	memset(filling, 'x', n);
	text = xasprintf("{" TASK RESOURCES "%s%s%s}", before, filling, after);
	return validate(f, text);
}

static void a_large_task_is_refused(void **state)
{
	static const char discovery[] = COMMAND ",\"discovery\":{\"name\":\"";
	static const char labels[] = COMMAND ",\"labels\":{\"labels\":[{\"key\":\"";
	static const char command[] = ",\"command\":{\"value\":\"";
	struct fixture *f = *state;

	assert_int_equal(with_text(f, command, TASK_INFO_MAX_BYTES - 1000, "\"}"), 0);
	demand_fini(&f->demand);
	assert_int_equal(with_text(f, command, TASK_INFO_MAX_BYTES, "\"}"), -EINVAL);
	assert_string_equal(f->e.text, "TaskInfo is larger than 524288 bytes");
	assert_int_equal(with_text(f, discovery, TASK_SHOWN_MAX_BYTES - 1000, "\"}"), 0);
	demand_fini(&f->demand);
	assert_int_equal(with_text(f, discovery, TASK_SHOWN_MAX_BYTES, "\"}"), -EINVAL);
	assert_string_equal(f->e.text,
			    "Name, labels and discovery of the task are larger than 32768 bytes");
	assert_int_equal(with_text(f, labels, LABELS_MAX_BYTES, "\"}]}"), 0);
	demand_fini(&f->demand);
	assert_int_equal(with_text(f, labels, LABELS_MAX_BYTES + 1, "\"}]}"), -EINVAL);
	assert_string_equal(f->e.text, "1 labels of 24577 bytes are more than the 1000 labels and "
				       "24576 bytes that one thing may have");
}

/* Its own text is a line that fits; what is written again would not. */
static void what_grows_when_it_is_written_again_is_measured_after_that(void **state)
{
	autobuf struct buf text = { 0 };
	struct fixture *f = *state;

	buf_adds(&text, "{" TASK RESOURCES COMMAND ",\"unknown\":[0.1");
	for (size_t i = 0; i < 60000; i++)
		buf_adds(&text, ",0.1");
	buf_adds(&text, "]}");
	assert_true(text.len < TASK_INFO_MAX_BYTES);
	refused(f, buf_text(&text), "TaskInfo is larger than 524288 bytes");
}

static void a_large_framework_is_refused(void **state unused)
{
	autofree char *name = xcalloc(1, FRAMEWORK_INFO_MAX_BYTES + 1);
	struct framework_info info = { .user = (char *)"u", .name = name };
	struct error e;

	memset(name, 'x', FRAMEWORK_INFO_MAX_BYTES);
	assert_int_equal(validate_framework_size(&info, &e), -EINVAL);
	assert_string_equal(e.text, "FrameworkInfo is larger than 262144 bytes");
	name[FRAMEWORK_INFO_MAX_BYTES - 1000] = '\0';
	assert_int_equal(validate_framework_size(&info, &e), 0);
}

static void disk_refused(const char *role, const char *disk, const char *sentence)
{
	autofree char *text = xasprintf("{\"name\":\"disk\",\"type\":\"SCALAR\",\"scalar\":"
					"{\"value\":1},\"role\":\"%s\",\"disk\":%s}",
					role, disk);
	struct resource r = { 0 };
	struct error e;

	assert_int_equal(schema_decode_text(resource_schema(), text, strlen(text), &r, &e), 0);
	assert_int_equal(validate_disk(&r, 1, &e), -EINVAL);
	assert_string_equal(e.text, sentence);
	schema_clear(resource_schema(), &r);
}

static void each_rule_of_disk_info_has_its_sentence(void **state unused)
{
	disk_refused("*", "{\"persistence\":{\"id\":\"1\"}}",
		     "Persistent volumes cannot be created from unreserved resources.");
	disk_refused("r", "{\"persistence\":{\"id\":\"1\"}}",
		     "Expecting 'volume' to be set for persistent volume");
	disk_refused("r", "{\"persistence\":{\"id\":\"1\"},\"volume\":{\"mode\":\"RO\"}}",
		     "Read-only persistent volume not supported");
	disk_refused("r", "{\"persistence\":{\"id\":\"1\"},\"volume\":{\"host_path\":\"/x\"}}",
		     "Expecting 'host_path' to be unset for persistent volume");
	disk_refused("r", "{\"persistence\":{\"id\":\"a/b\"},\"volume\":{\"mode\":\"RW\"}}",
		     "Persistence ID 'a/b' contains invalid characters");
	disk_refused("r", "{\"volume\":{\"mode\":\"RW\"}}", "Non-persistent volume not supported");
	disk_refused("r", "{}", "DiskInfo is set but empty");
}

static void a_persistence_id_is_there_once(void **state unused)
{
#define VOLUME(role, id)                                                                           \
	"{\"name\":\"disk\",\"type\":\"SCALAR\",\"scalar\":{\"value\":1},\"role\":\"" role "\","   \
	"\"disk\":{\"persistence\":{\"id\":\"" id "\"},\"volume\":{\"mode\":\"RW\"}}}"
	static const char text[] = "{" TASK ",\"resources\":[" VOLUME("r", "1") "," CPUS "," VOLUME(
		"s", "1") "," VOLUME("r", "2") "," VOLUME("r", "1") "]}";
	struct task_info t = { 0 };
	struct error e;

	assert_int_equal(schema_decode_text(task_info_schema(), text, strlen(text), &t, &e), 0);
	assert_int_equal(validate_disk(t.resources, 4, &e), 0);
	assert_int_equal(validate_disk(t.resources, 5, &e), -EINVAL);
	assert_string_equal(e.text, "Persistence ID '1' is not unique");
	schema_clear(task_info_schema(), &t);
}

static void a_persistent_volume_is_never_offered(void **state)
{
	struct fixture *f = *state;

	refused(f,
		"{" TASK COMMAND ",\"resources\":[{\"name\":\"disk\",\"type\":\"SCALAR\","
		"\"scalar\":{\"value\":1},\"role\":\"prod\",\"disk\":{\"persistence\":{\"id\":"
		"\"1\"},"
		"\"volume\":{\"mode\":\"RW\"}}}]}",
		"Task uses invalid resources: Persistent volumes are not supported");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_good_task_takes_its_role_s_own_resources_first),
		TEST(an_executor_is_charged_only_when_it_is_not_running),
		TEST(an_executor_that_runs_must_be_the_same),
		TEST(the_roles_that_an_executor_was_given_make_no_other_executor),
		TEST(ids_are_checked_before_anything_else),
		TEST(a_task_runs_a_command_or_an_executor_not_both),
		TEST(an_executor_is_checked),
		TEST(what_is_not_built_is_refused_by_name),
		TEST(a_container_may_ask_for_capabilities),
		TEST(root_may_run_tasks_only_if_the_operator_lets_it),
		TEST(resources_must_make_sense_and_be_there),
		TEST(task_and_executor_together_must_fit),
		TEST(a_task_names_no_role_but_its_framework_s_own),
		TEST(a_large_task_is_refused),
		TEST(what_grows_when_it_is_written_again_is_measured_after_that),
		TEST(a_large_framework_is_refused),
		TEST(each_rule_of_disk_info_has_its_sentence),
		TEST(a_persistence_id_is_there_once),
		TEST(a_persistent_volume_is_never_offered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
