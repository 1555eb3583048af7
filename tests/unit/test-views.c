/* The shapes that HTTP shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/views.h"

static void labels_keep_their_order_and_their_letters(void **state unused)
{
	struct label list[] = { { .key = "foo", .value = "b\303\244r/x" }, { .key = "foo" } };
	struct labels labels = { .labels = list, .labels_count = 2 };
	autobuf struct buf out = { 0 };

	view_add_labels(&labels, &out);
	assert_string_equal(buf_text(&out),
			    "[{\"key\":\"foo\",\"value\":\"b\303\244r/x\"},{\"key\":\"foo\"}]");
}

static void no_labels_are_an_empty_list(void **state unused)
{
	autobuf struct buf out = { 0 };

	view_add_labels(NULL, &out);
	assert_string_equal(buf_text(&out), "[]");
}

static void statuses_show_their_labels_if_they_have_any(void **state unused)
{
	struct label label = { .key = (char[]){ "a" } };
	struct labels labels = { .labels = &label, .labels_count = 1 };
	struct task_status list[] = {
		{ .state = TASK_STARTING, .timestamp = 1.5, .message = "not shown" },
		{ .state = TASK_RUNNING, .timestamp = 2, .labels = &labels },
	};
	autobuf struct buf out = { 0 };

	view_add_statuses(list, 2, &out);
	assert_string_equal(buf_text(&out), "[{\"state\":\"TASK_STARTING\",\"timestamp\":1.5},"
					    "{\"state\":\"TASK_RUNNING\",\"timestamp\":2,"
					    "\"labels\":[{\"key\":\"a\"}]}]");
}

static void required_values_are_shown_even_when_they_are_zero(void **state unused)
{
	struct slave_view v = {
		.id = "S0",
		.pid = "slave(1)@1.2.3.4:5051",
		.hostname = "h",
		.resources = "{}",
		.attributes = "{}",
		.labels = "[]",
	};
	autobuf struct buf out = { 0 };

	view_encode(slave_view_schema(), &v, &out);
	assert_string_equal(
		buf_text(&out),
		"{\"id\":\"S0\",\"pid\":\"slave(1)@1.2.3.4:5051\",\"hostname\":\"h\","
		"\"registered_time\":0,\"resources\":{},\"attributes\":{},\"labels\":[],"
		"\"active\":false}");
}

static void a_task_has_the_members_of_mesos_0_22(void **state unused)
{
	struct task_view v = {
		.id = "t",
		.name = "n",
		.framework_id = "F",
		.executor_id = "",
		.slave_id = "S",
		.state = TASK_STARTING,
		.resources = "{\"cpus\":1}",
		.statuses = "[]",
		.labels = "[]",
	};
	autobuf struct buf out = { 0 };

	view_encode(task_view_schema(), &v, &out);
	assert_string_equal(buf_text(&out),
			    "{\"id\":\"t\",\"name\":\"n\",\"framework_id\":\"F\","
			    "\"executor_id\":\"\",\"slave_id\":\"S\",\"state\":\"TASK_STARTING\","
			    "\"resources\":{\"cpus\":1},\"statuses\":[],\"labels\":[]}");
}

static void items_are_separated_and_an_empty_list_is_closed(void **state unused)
{
	autobuf struct buf out = { 0 };

	view_open(&out);
	view_close(&out);
	view_open(&out);
	for (unsigned i = 0; i < 3; i++) {
		view_item(&out);
		buf_addu(&out, i);
	}
	view_close(&out);
	assert_string_equal(buf_text(&out), "[][0,1,2]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(labels_keep_their_order_and_their_letters),
		cmocka_unit_test(no_labels_are_an_empty_list),
		cmocka_unit_test(statuses_show_their_labels_if_they_have_any),
		cmocka_unit_test(required_values_are_shown_even_when_they_are_zero),
		cmocka_unit_test(a_task_has_the_members_of_mesos_0_22),
		cmocka_unit_test(items_are_separated_and_an_empty_list_is_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
