/*
 * mesos-agentctl: which container a word means, what a row says, which columns there are, how they
 * sort.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tools/agentctl-select.h"
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
		"\"task_ids\":[\"0123456789bb\",\"01234567\",\"b\\u001b[0m\"],\"state\":"
		"\"unmeasured\"}]}";
	struct answer_quota a = { 0 };
	struct error e;

	assert_int_equal(schema_decode_text(answer_quota_schema(), text, strlen(text), &a, &e), 0);
	return a;
}

static void assert_selects(const char *word, bool running, size_t count, const char *first)
{
	struct answer_quota a = make_answer();
	struct error e;

	assert_int_equal(quota_select(&a, word, running, &e), 0);
	assert_int_equal(a.containers_count, count);
	assert_string_equal(a.containers[0].container_id, first);
	schema_clear(answer_quota_schema(), &a);
}

static void assert_selects_nothing(const char *word, bool running, int code, const char *why)
{
	struct answer_quota a = make_answer();
	struct error e = { 0 };

	assert_int_equal(quota_select(&a, word, running, &e), -code);
	assert_string_equal(e.text, why);
	assert_int_equal(a.containers_count, 3);
	schema_clear(answer_quota_schema(), &a);
}

static void a_word_is_an_id_then_a_task_then_a_prefix(void **state unused)
{
	assert_selects("0123456789bb", false, 1, "0123456789bb"); /* not the task of that name */
	assert_selects("web", false, 2, "0123456789aa");
	assert_selects("fe", false, 1, "fedcba");
}

static void a_word_that_means_none_or_several_is_refused(void **state unused)
{
	assert_selects_nothing("nope", false, ENOENT, "no container or task 'nope' on this agent");
	assert_selects_nothing("", false, ENOENT, "no container or task '' on this agent");
	assert_selects_nothing("0123", false, EINVAL, "2 containers begin with '0123': name one");
}

/* So many characters of an id are shown, and so are typed; a task is of a shorter name as well. */
static void a_task_that_is_named_like_the_id_of_another_is_not_taken_for_it(void **state unused)
{
	assert_selects_nothing("01234567", false, EINVAL,
			       "container 0123456789aa begins with '01234567', and container "
			       "fedcba has a task of that name: name the one that is meant by its "
			       "whole id");
	assert_selects_nothing("01234567", true, EINVAL,
			       "container 0123456789aa begins with '01234567', and container "
			       "fedcba has a task of that name: name the one that is meant by its "
			       "whole id");
}

static void what_has_ended_is_left_out_where_it_can_be_meant_no_more(void **state unused)
{
	assert_selects("web", true, 1, "0123456789aa");
	assert_selects("0123456789", true, 1, "0123456789aa");
	assert_selects("0123456789bb", true, 1, "0123456789bb"); /* whole: the agent says why not */
	assert_selects_nothing("0123456789b", true, ENOENT,
			       "no container or task '0123456789b' runs on this agent");
}

/* ---- rows ---- */

static const struct quota_view_options human, exact = { .exact = true };

static void shown_of(const struct answer_quota *a, const struct quota_view_options *options,
		     struct buf *out)
{
	out->len = 0;
	view_quota(a, options, out);
	buf_text(out);
}

/* One container with these fields, as the table shows it. */
static void assert_row(const char *fields, const struct quota_view_options *options,
		       const char *expected)
{
	autofree char *text =
		xasprintf("{\"enforced\":true,\"containers\":[{\"container_id\":\"c\","
			  "\"framework_id\":\"F\",\"executor_id\":\"e\","
			  "\"state\":\"ok\"%s%s}]}",
			  *fields ? "," : "", fields);
	autobuf struct buf out = { 0 };
	struct answer_quota a = { 0 };
	struct error e = { 0 };

	if (schema_decode_text(answer_quota_schema(), text, strlen(text), &a, &e))
		fail_msg("%s", e.text);
	shown_of(&a, options, &out);
	if (!strstr(buf_text(&out), expected))
		fail_msg("expected '%s' in\n%s", expected, buf_text(&out));
	schema_clear(answer_quota_schema(), &a);
}

static void a_row_says_who_measured_and_when(void **state unused)
{
	struct answer_quota a = make_answer();
	autobuf struct buf out = { 0 };

	shown_of(&a, &human, &out);
	assert_non_null(strstr(buf_text(&out), "64.0MB  32.0MB  #####.....  50.0%  ok          "
					       "scan, 0.4 s ago, 2 missed\n"));
	schema_clear(answer_quota_schema(), &a);
}

static void a_witness_that_is_contradicted_says_so(void **state unused)
{
	assert_row("\"witness\":\"quota\",\"age_seconds\":0,\"used_bytes\":1024,\"scanned_bytes\":"
		   "2048,\"disputed\":true",
		   &human, "quota, 0.0 s ago, a scan found 2.00KB\n");
	assert_row("\"witness\":\"quota\",\"age_seconds\":0,\"used_bytes\":1024,\"scanned_bytes\":"
		   "2048",
		   &human, "quota, 0.0 s ago\n");
}

static void the_bar_is_full_only_at_the_limit(void **state unused)
{
	assert_row("\"percent\":0", &human, "..........   0.0%");
	assert_row("\"percent\":9.96", &human, "..........  10.0%");
	assert_row("\"percent\":10", &human, "#.........  10.0%");
	assert_row("\"percent\":99.96", &human, "#########. 100.0%");
	assert_row("\"percent\":100", &human, "########## 100.0%");
	assert_row("\"percent\":1e300", &human, "##########");
	assert_row("\"percent\":-5", &human, "..........  -5.0%");
}

static void growth_has_a_sign_and_no_more_digits_than_it_needs(void **state unused)
{
	assert_row("\"growth_bytes_per_minute\":12582912", &human, " +12.0MB ");
	assert_row("\"growth_bytes_per_minute\":-1536", &human, " -1.50KB ");
	assert_row("\"growth_bytes_per_minute\":-0.5", &human, " 0B ");
	assert_row("\"growth_bytes_per_minute\":1e300", &human, "+");
	assert_row("\"growth_bytes_per_minute\":12582912", &exact, " +12582912 ");
}

static void time_until_full_is_an_age(void **state unused)
{
	assert_row("\"full_in_seconds\":3.25", &human, " 3.2 s ");
	assert_row("\"full_in_seconds\":600", &human, " 10 min ");
	assert_row("\"full_in_seconds\":864000", &human, " 10 d ");
}

static void inodes_stand_before_their_limit(void **state unused)
{
	assert_row("\"inodes\":12,\"inodes_limit\":1000", &human, " 12/1000 ");
	assert_row("\"inodes\":12", &human, " 12 ");
}

static void exact_sizes_are_plain_numbers(void **state unused)
{
	assert_row("\"used_bytes\":1048577,\"limit_bytes\":2097152", &exact, " 2097152  1048577 ");
}

static void the_limit_of_an_operator_is_marked_and_explained(void **state unused)
{
	assert_row("\"limit_bytes\":2097152,\"override\":true", &human, " 2.00MB* ");
	assert_row("\"limit_bytes\":2097152,\"override\":true", &human, "\n* set by an operator");
	assert_row("\"soft_bytes\":1048576,\"hard_bytes\":2097152,\"override\":true", &human,
		   " 1.00MB*  2.00MB* ");
}

/* ---- columns ---- */

static void assert_titles(const char *fields, const char *titles)
{
	autofree char *line = xasprintf("%s\n", titles);

	assert_row(fields, &human, line);
}

static void what_nobody_knows_has_no_column(void **state unused)
{
	assert_titles("", "CONTAINER  TASK  FRAMEWORK  LIMIT  USED  PERCENT  STATE  WITNESS");
}

static void the_limit_of_the_kernel_stands_for_the_plain_one(void **state unused)
{
	assert_titles(
		"\"limit_bytes\":1,\"filesystem\":\"xfs\",\"project\":7,\"soft_bytes\":1,"
		"\"hard_bytes\":1,\"inodes\":1,\"growth_bytes_per_minute\":0,"
		"\"full_in_seconds\":1",
		"CONTAINER  TASK  FRAMEWORK  FS   PROJECT  USED  SOFT  HARD  INODES  PERCENT  "
		"GROWTH/MIN  FULL IN  STATE  WITNESS");
}

static void assert_room(const struct quota_view_options *options, const char *titles)
{
	assert_row("\"limit_bytes\":1048576,\"used_bytes\":1024,\"percent\":0.1,"
		   "\"growth_bytes_per_minute\":1024,\"full_in_seconds\":61440,"
		   "\"task_ids\":[\"of-some-length\"],\"witness\":\"scan\"",
		   options, titles);
}

static void where_there_is_no_room_columns_are_left_out_but_the_one_that_sorts(void **state unused)
{
	struct quota_view_options options = { .room = 78, .sparing = true };

	assert_room(&options, "CONTAINER  TASK            FRAMEWORK   LIMIT    USED            "
			      "PERCENT  STATE\n");
	options.sort = "growth";
	assert_room(&options, "CONTAINER  TASK            LIMIT    USED            PERCENT  "
			      "GROWTH/MIN  STATE\n");
	options.sparing = false;
	assert_room(&options, "CONTAINER  TASK      FRAMEWORK   LIMIT    USED            PERCENT  "
			      "GROWTH/MIN  FULL IN  STATE  WITNESS\n");
}

static void ids_are_cut_where_they_still_differ(void **state unused)
{
	struct answer_quota a = make_answer();
	autobuf struct buf out = { 0 };

	shown_of(&a, &human, &out);
	assert_non_null(strstr(buf_text(&out), "\n0123456789a "));
	assert_non_null(strstr(buf_text(&out), "\n0123456789b "));
	schema_clear(answer_quota_schema(), &a);
}

static void only_colours_of_our_own_reach_a_terminal(void **state unused)
{
	struct quota_view_options coloured = { .colour = true };
	struct answer_quota a = make_answer();
	autobuf struct buf out = { 0 };

	shown_of(&a, &coloured, &out);
	assert_non_null(strstr(buf_text(&out), COLOUR_GREEN "ok"));
	assert_non_null(strstr(buf_text(&out), COLOUR_RED "killed"));
	assert_non_null(strstr(buf_text(&out), "b\\x1b[0m"));
	schema_clear(answer_quota_schema(), &a);
}

/* ---- modules ---- */

#define MODULE                                                                                     \
	"{\"module\":{\"name\":\"m\",\"library\":\"/x.so\",\"kind\":\"Hook\",\"api_version\":"     \
	"\"2\",\"mesos_version\":\"0.22.0\",\"author_name\":\"A\",\"author_email\":\"a@b\","       \
	"\"description\":\"d\"},%s}"

static void a_module_is_shown_with_its_author_and_parameters(void **state unused)
{
	static const char first[] =
		"\"state\":\"active\",\"host_pid\":7,\"host_restarts\":1,\"parameters\":["
		"{\"key\":\"k\",\"value\":\"a\\u001b[0m\"},{\"key\":\"\",\"value\":\"***\"}]";
	static const char second[] = "\"state\":\"restarting\",\"host_restarts\":12";
	autofree char *text = xasprintf("{\"modules\":[" MODULE "," MODULE "]}", first, second);
	struct answer_modules a = { 0 };
	autobuf struct buf out = { 0 };
	struct error e = { 0 };

	if (schema_decode_text(answer_modules_schema(), text, strlen(text), &a, &e))
		fail_msg("%s", e.text);
	view_modules(&a, &out);
	assert_string_equal(
		buf_text(&out),
		"MODULE  KIND  STATE       PID  RESTARTS  AUTHOR   LIBRARY  PARAMETERS\n"
		"m       Hook  active        7         1  A <a@b>  /x.so    k=a\\x1b[0m, =***\n"
		"m       Hook  restarting    -        12  A <a@b>  /x.so    -\n");
	schema_clear(answer_modules_schema(), &a);
}

/* ---- order ---- */

/* Containers a to e: c is the fullest, b and d are alike, of e nothing is known. */
static struct answer_quota make_unsorted(void)
{
	static const char text[] =
		"{\"enforced\":true,\"containers\":["
		"{\"container_id\":\"e\",\"framework_id\":\"F\",\"executor_id\":\"1\",\"state\":"
		"\"ok\"},"
		"{\"container_id\":\"d\",\"framework_id\":\"G\",\"executor_id\":\"2\",\"state\":"
		"\"ok\","
		"\"task_ids\":[\"x\"],\"percent\":20,\"used_bytes\":9,\"full_in_seconds\":5},"
		"{\"container_id\":\"b\",\"framework_id\":\"F\",\"executor_id\":\"3\",\"state\":"
		"\"ok\","
		"\"task_ids\":[\"y\"],\"percent\":20,\"used_bytes\":10,\"full_in_seconds\":70},"
		"{\"container_id\":\"c\",\"framework_id\":\"G\",\"executor_id\":\"4\",\"state\":"
		"\"near\","
		"\"task_ids\":[\"w\"],\"percent\":95,\"used_bytes\":8},"
		"{\"container_id\":\"a\",\"framework_id\":\"F\",\"executor_id\":\"5\",\"state\":"
		"\"ok\","
		"\"task_ids\":[\"z\"],\"percent\":3,\"used_bytes\":100,\"full_in_seconds\":6}]}";
	struct answer_quota a = { 0 };
	struct error e = { 0 };

	if (schema_decode_text(answer_quota_schema(), text, strlen(text), &a, &e))
		fail_msg("%s", e.text);
	return a;
}

static void assert_order(const char *column, const char *expected)
{
	struct answer_quota a = make_unsorted();
	autobuf struct buf order = { 0 };
	struct error e = { 0 };

	if (quota_sort(&a, column, &e))
		fail_msg("%s", e.text);
	for (size_t i = 0; i < a.containers_count; i++)
		buf_adds(&order, a.containers[i].container_id);
	assert_string_equal(buf_text(&order), expected);
	schema_clear(answer_quota_schema(), &a);
}

static void numbers_sort_from_the_largest_and_what_is_unknown_comes_last(void **state unused)
{
	assert_order("used", "abdce");
	assert_order("percent", "cdbae");
}

static void what_is_alike_stays_in_its_order(void **state unused)
{
	assert_order("percent", "cdbae");
	assert_order("project", "edbca");
}

static void who_is_full_first_comes_first(void **state unused)
{
	assert_order("full", "dabec");
}

static void texts_sort_by_alphabet(void **state unused)
{
	assert_order("container", "abcde");
	assert_order("task", "cdbae");
	assert_order("framework", "ebadc");
}

static void a_column_that_is_none_is_refused_with_those_that_are(void **state unused)
{
	struct answer_quota a = make_unsorted();
	struct error e = { 0 };

	assert_int_equal(quota_sort(&a, "size", &e), -EINVAL);
	assert_non_null(strstr(e.text, "'size'"));
	assert_non_null(strstr(e.text, "percent, growth, full"));
	assert_string_equal(a.containers[0].container_id, "e");
	schema_clear(answer_quota_schema(), &a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_word_is_an_id_then_a_task_then_a_prefix),
		cmocka_unit_test(a_word_that_means_none_or_several_is_refused),
		cmocka_unit_test(a_task_that_is_named_like_the_id_of_another_is_not_taken_for_it),
		cmocka_unit_test(what_has_ended_is_left_out_where_it_can_be_meant_no_more),
		cmocka_unit_test(a_row_says_who_measured_and_when),
		cmocka_unit_test(a_witness_that_is_contradicted_says_so),
		cmocka_unit_test(the_bar_is_full_only_at_the_limit),
		cmocka_unit_test(growth_has_a_sign_and_no_more_digits_than_it_needs),
		cmocka_unit_test(time_until_full_is_an_age),
		cmocka_unit_test(inodes_stand_before_their_limit),
		cmocka_unit_test(exact_sizes_are_plain_numbers),
		cmocka_unit_test(the_limit_of_an_operator_is_marked_and_explained),
		cmocka_unit_test(what_nobody_knows_has_no_column),
		cmocka_unit_test(the_limit_of_the_kernel_stands_for_the_plain_one),
		cmocka_unit_test(
			where_there_is_no_room_columns_are_left_out_but_the_one_that_sorts),
		cmocka_unit_test(ids_are_cut_where_they_still_differ),
		cmocka_unit_test(only_colours_of_our_own_reach_a_terminal),
		cmocka_unit_test(a_module_is_shown_with_its_author_and_parameters),
		cmocka_unit_test(numbers_sort_from_the_largest_and_what_is_unknown_comes_last),
		cmocka_unit_test(what_is_alike_stays_in_its_order),
		cmocka_unit_test(who_is_full_first_comes_first),
		cmocka_unit_test(texts_sort_by_alphabet),
		cmocka_unit_test(a_column_that_is_none_is_refused_with_those_that_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
