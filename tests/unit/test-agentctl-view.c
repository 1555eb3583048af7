/* mesos-agentctl: which container a word means, and what a row says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tools/agentctl-view.h"
#include "tools/terminal.h"

static struct answer_quota make_answer(void)
{
	static const char text[] =
		"{\"enforced\":true,\"containers\":["
		"{\"container_id\":\"0123456789aa\",\"framework_id\":\"F\",\"executor_id\":\"e1\","
		"\"task_ids\":[\"web\"],\"limit_bytes\":67108864,\"used_bytes\":33554432,"
		"\"percent\":50,\"witness\":\"scan\",\"age_seconds\":0.42,\"missed\":2,"
		"\"state\":\"ok\"},"
		"{\"container_id\":\"0123456789bb\",\"framework_id\":\"G\",\"executor_id\":\"web\","
		"\"state\":\"killed\"},"
		"{\"container_id\":\"fedcba\",\"framework_id\":\"G\",\"executor_id\":\"e3\","
		"\"task_ids\":[\"0123456789bb\",\"b\\u001b[0m\"],\"state\":\"unmeasured\"}]}";
	struct answer_quota a = { 0 };
	struct error e;

	assert_int_equal(schema_decode_text(answer_quota_schema(), text, strlen(text), &a, &e), 0);
	return a;
}

static void assert_selects(const char *word, size_t count, const char *first)
{
	struct answer_quota a = make_answer();
	struct error e;

	assert_int_equal(quota_select(&a, word, &e), 0);
	assert_int_equal(a.containers_count, count);
	assert_string_equal(a.containers[0].container_id, first);
	schema_clear(answer_quota_schema(), &a);
}

static void assert_selects_nothing(const char *word, int code)
{
	struct answer_quota a = make_answer();
	struct error e = { 0 };

	assert_int_equal(quota_select(&a, word, &e), -code);
	assert_int_equal(a.containers_count, 3);
	schema_clear(answer_quota_schema(), &a);
}

static void a_word_is_an_id_then_a_task_then_a_prefix(void **state unused)
{
	assert_selects("0123456789bb", 1, "0123456789bb"); /* not the task of that name */
	assert_selects("web", 2, "0123456789aa");
	assert_selects("fe", 1, "fedcba");
}

static void a_word_that_means_none_or_several_is_refused(void **state unused)
{
	assert_selects_nothing("nope", ENOENT);
	assert_selects_nothing("", ENOENT);
	assert_selects_nothing("0123", EINVAL);
}

static void a_row_says_who_measured_and_when(void **state unused)
{
	struct answer_quota a = make_answer();
	autobuf struct buf out = { 0 };

	view_quota(&a, false, &out);
	assert_non_null(strstr(buf_text(&out), "64.0MB  32.0MB    50.0%  ok          scan, 0.4 s "
					       "ago, 2 missed\n"));
	schema_clear(answer_quota_schema(), &a);
}

static void ids_are_cut_where_they_still_differ(void **state unused)
{
	struct answer_quota a = make_answer();
	autobuf struct buf out = { 0 };

	view_quota(&a, false, &out);
	assert_non_null(strstr(buf_text(&out), "\n0123456789a "));
	assert_non_null(strstr(buf_text(&out), "\n0123456789b "));
	schema_clear(answer_quota_schema(), &a);
}

static void only_colours_of_our_own_reach_a_terminal(void **state unused)
{
	struct answer_quota a = make_answer();
	autobuf struct buf out = { 0 };

	view_quota(&a, true, &out);
	assert_non_null(strstr(buf_text(&out), COLOUR_GREEN "ok"));
	assert_non_null(strstr(buf_text(&out), COLOUR_RED "killed"));
	assert_non_null(strstr(buf_text(&out), "b\\x1b[0m"));
	schema_clear(answer_quota_schema(), &a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_word_is_an_id_then_a_task_then_a_prefix),
		cmocka_unit_test(a_word_that_means_none_or_several_is_refused),
		cmocka_unit_test(a_row_says_who_measured_and_when),
		cmocka_unit_test(ids_are_cut_where_they_still_differ),
		cmocka_unit_test(only_colours_of_our_own_reach_a_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
