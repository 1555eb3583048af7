/* Metrics in their three formats: names, headings, units, labels, escapes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "lib/metrics.h"
#include "lib/schema.h"

#include "lib/metrics-structs.h"
#include "tests/unit/test-metrics.def"
#include "lib/metrics-end.h"

#include "lib/metrics-tables.h"
#include "tests/unit/test-metrics.def"
#include "lib/metrics-end.h"

static void family(const struct metric *m, struct metrics_writer *w, void *ctx)
{
	const char *odd = "a\"b\\c\nd";

	assert_string_equal(ctx, "context");
	if (m->kind != METRIC_GAUGE)
		return;
	metrics_sample(w, "try/one", (struct metric_label[]){ { "id", "one" }, { NULL, NULL } },
		       1.5);
	metrics_sample(w, NULL,
		       (struct metric_label[]){ { "id", odd }, { "who", "" }, { NULL, NULL } }, 0);
}

static const struct try_metrics values = {
	.uptime = 12.25,
	.memory = 64,
	.tasks = 1e15,
	.hidden = -1,
};

static char *written(enum metrics_format format)
{
	const struct metrics set = { .table = try_metrics_table(),
				     .values = &values,
				     .family = family,
				     .ctx = (void *)"context" };
	struct buf out = { 0 };

	metrics_write(&set, 1, format, &out);
	return buf_take(&out);
}

static void json_is_flat_and_in_mesos_units(void **state unused)
{
	autofree char *text = written(METRICS_JSON);

	assert_string_equal(text, "{\"try/uptime_secs\":12.25,\"try/mem_used\":64,"
				  "\"try/tasks\":1e+15,\"try/one\":1.5}");
}

static void json_of_nothing_is_an_empty_object(void **state unused)
{
	autobuf struct buf out = { 0 };

	metrics_write(NULL, 0, METRICS_JSON, &out);
	assert_string_equal(buf_text(&out), "{}");
}

static void prometheus_text_has_a_heading_each_and_base_units(void **state unused)
{
	autofree char *text = written(METRICS_PROMETHEUS);

	assert_string_equal(text, "# HELP mesos_try_uptime_seconds Since the start.\n"
				  "# TYPE mesos_try_uptime_seconds gauge\n"
				  "mesos_try_uptime_seconds 12.25\n"
				  "# HELP mesos_try_memory_bytes In \"MB\" \\\\ in\\nMesos.\n"
				  "# TYPE mesos_try_memory_bytes gauge\n"
				  "mesos_try_memory_bytes 67108864\n"
				  "# HELP mesos_try_tasks_total Tasks.\n"
				  "# TYPE mesos_try_tasks_total counter\n"
				  "mesos_try_tasks_total 1e+15\n"
				  "# HELP mesos_try_hidden Not in Mesos.\n"
				  "# TYPE mesos_try_hidden gauge\n"
				  "mesos_try_hidden -1\n"
				  "# HELP mesos_try_used_bytes Of each container.\n"
				  "# TYPE mesos_try_used_bytes gauge\n"
				  "mesos_try_used_bytes{id=\"one\"} 1572864\n"
				  "mesos_try_used_bytes{id=\"a\\\"b\\\\c\\nd\",who=\"\"} 0\n"
				  "# HELP mesos_try_seconds Calls.\n"
				  "# TYPE mesos_try_seconds histogram\n"
				  "# HELP mesos_try_ended_total By state.\n"
				  "# TYPE mesos_try_ended_total counter\n");
}

static void openmetrics_names_a_counter_without_its_total(void **state unused)
{
	autofree char *text = written(METRICS_OPENMETRICS);

	assert_non_null(strstr(text, "# HELP mesos_try_tasks Tasks.\n"
				     "# TYPE mesos_try_tasks counter\n"
				     "mesos_try_tasks_total 1e+15\n"));
	assert_non_null(strstr(text, "# TYPE mesos_try_uptime_seconds gauge\n"
				     "# UNIT mesos_try_uptime_seconds seconds\n"));
	assert_non_null(strstr(text, "# UNIT mesos_try_memory_bytes bytes\n"));
	assert_null(strstr(text, "# UNIT mesos_try_tasks"));
	assert_non_null(strstr(text, "# TYPE mesos_try_ended counter\n"));
	assert_non_null(
		strstr(text, "# HELP mesos_try_memory_bytes In \\\"MB\\\" \\\\ in\\nMesos.\n"));
}

static void only_openmetrics_ends_with_eof(void **state unused)
{
	autofree char *open = written(METRICS_OPENMETRICS);
	autofree char *text = written(METRICS_PROMETHEUS);

	assert_string_equal(strstr(open, "# EOF"), "# EOF\n");
	assert_null(strstr(text, "EOF"));
}

static void sets_follow_each_other_in_one_document(void **state unused)
{
	struct metrics sets[2] = { { .table = try_metrics_table(),
				     .values = &values,
				     .family = family,
				     .ctx = (void *)"context" },
				   metrics_system(METRICS_PROMETHEUS) };
	autobuf struct buf out = { 0 };
	json_t *json;

	metrics_write(sets, 2, METRICS_JSON, &out);
	json = json_loadb(out.data, out.len, JSON_REJECT_DUPLICATES, NULL);
	assert_true(json_is_number(json_object_get(json, "try/one")));
	assert_true(json_is_number(json_object_get(json, "system/load_1min")));
	json_decref(json);
	out.len = 0;
	metrics_write(sets, 2, METRICS_OPENMETRICS, &out);
	assert_string_equal(strstr(buf_text(&out), "# EOF"), "# EOF\n");
}

static void what_is_no_number_is_zero(void **state unused)
{
	static const struct try_metrics odd = { .uptime = NAN, .hidden = INFINITY };
	const struct metrics set = { .table = try_metrics_table(),
				     .values = &odd,
				     .family = family,
				     .ctx = (void *)"context" };
	autobuf struct buf out = { 0 };

	metrics_write(&set, 1, METRICS_PROMETHEUS, &out);
	assert_non_null(strstr(buf_text(&out), "\nmesos_try_uptime_seconds 0\n"));
	assert_non_null(strstr(buf_text(&out), "\nmesos_try_hidden 0\n"));
}

static void times(const struct metric *m, struct metrics_writer *w, void *ctx)
{
	const struct metric_label labels[] = { { "id", "one" }, { NULL, NULL } };

	if (m->kind == METRIC_HISTOGRAM)
		metrics_histogram(w, "try/one/seconds", labels, ctx);
}

static char *times_in(enum metrics_format format, struct histogram *h)
{
	const struct metrics set = { try_metrics_table(), &values, times, h };
	struct buf out = { 0 };

	metrics_write(&set, 1, format, &out);
	return buf_take(&out);
}

static void a_histogram_counts_up_to_each_bound(void **state unused)
{
	struct histogram h = { .sum = 0 };
	autofree char *text = NULL, *open = NULL, *json = NULL;

	histogram_add(&h, 0);
	histogram_add(&h, 0.0001); /* is within its bound */
	histogram_add(&h, 0.0625);
	histogram_add(&h, 3600);
	text = times_in(METRICS_PROMETHEUS, &h);
	open = times_in(METRICS_OPENMETRICS, &h);
	json = times_in(METRICS_JSON, &h);
	assert_non_null(strstr(text, "# TYPE mesos_try_seconds histogram\n"
				     "mesos_try_seconds_bucket{id=\"one\",le=\"0.0001\"} 2\n"
				     "mesos_try_seconds_bucket{id=\"one\",le=\"0.00025\"} 2\n"));
	assert_non_null(strstr(text, "mesos_try_seconds_bucket{id=\"one\",le=\"0.025\"} 2\n"
				     "mesos_try_seconds_bucket{id=\"one\",le=\"0.1\"} 3\n"));
	assert_non_null(strstr(text, "mesos_try_seconds_bucket{id=\"one\",le=\"10\"} 3\n"
				     "mesos_try_seconds_bucket{id=\"one\",le=\"+Inf\"} 4\n"
				     "mesos_try_seconds_sum{id=\"one\"} 3600.0626\n"
				     "mesos_try_seconds_count{id=\"one\"} 4\n"));
	assert_non_null(strstr(open, "# TYPE mesos_try_seconds histogram\n"
				     "# UNIT mesos_try_seconds seconds\n"
				     "mesos_try_seconds_bucket{id=\"one\",le=\"0.0001\"} 2\n"));
	assert_non_null(strstr(json, "\"try/one/seconds/le_0.1\":3,"));
	assert_non_null(strstr(json, "\"try/one/seconds/le_+Inf\":4,"
				     "\"try/one/seconds/sum\":3600.0626,"
				     "\"try/one/seconds/count\":4}"));
}

static double value_of(const char *text, const char *name)
{
	autofree char *line = xasprintf("\n%s ", name);
	const char *at = strstr(text, line);

	assert_non_null(at);
	return strtod(at + strlen(line), NULL);
}

static void the_host_and_the_process_are_measured(void **state unused)
{
	struct metrics set = metrics_system(METRICS_PROMETHEUS);
	autobuf struct buf out = { 0 };
	double now = (double)wall_ns() / 1e9;

	metrics_write(&set, 1, METRICS_PROMETHEUS, &out);
	buf_text(&out);
	assert_true(value_of(out.data, "mesos_system_cpus") >= 1);
	assert_true(value_of(out.data, "mesos_system_memory_bytes") >
		    value_of(out.data, "mesos_system_memory_free_bytes"));
	assert_true(value_of(out.data, "process_resident_memory_bytes") > 100000);
	assert_true(value_of(out.data, "process_open_fds") >= 3);
	assert_true(value_of(out.data, "process_start_time_seconds") <= now + 1);
	assert_true(value_of(out.data, "process_start_time_seconds") > now - 3600);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_is_flat_and_in_mesos_units),
		cmocka_unit_test(json_of_nothing_is_an_empty_object),
		cmocka_unit_test(prometheus_text_has_a_heading_each_and_base_units),
		cmocka_unit_test(openmetrics_names_a_counter_without_its_total),
		cmocka_unit_test(only_openmetrics_ends_with_eof),
		cmocka_unit_test(sets_follow_each_other_in_one_document),
		cmocka_unit_test(what_is_no_number_is_zero),
		cmocka_unit_test(a_histogram_counts_up_to_each_bound),
		cmocka_unit_test(the_host_and_the_process_are_measured),
	};

	return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
