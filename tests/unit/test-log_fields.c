/* What the journal is told besides the words of a line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/log_fields.h"

static struct log_fields fields;

static void format_printf(1, 2) find(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_fields_find(fmt, args, &fields);
	va_end(args);
}

static void check(size_t n, const char *const *expected)
{
	assert_int_equal(fields.count, n);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(fields.text[i], expected[i]);
}

#define EXPECT(...)                                                                                \
	check(sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *),                       \
	      (const char *const[]){ __VA_ARGS__ })

static void the_subject_is_a_field(void **state unused)
{
	find("task %s: launched", "t1");
	EXPECT("MESOS_TASK_ID=t1");
	find("container %s: running pid=%d", "c", 7);
	EXPECT("MESOS_CONTAINER_ID=c");
}

static void what_it_has_to_do_with_is_one_too(void **state unused)
{
	find("task %s: %s framework=%s agent=%s", "t", "TASK_LOST", "f", "a");
	EXPECT("MESOS_TASK_ID=t", "MESOS_FRAMEWORK_ID=f", "MESOS_AGENT_ID=a");
	find("executor %s: launching framework=%s container=%s user=%s", "x", "f", "c", "root");
	EXPECT("MESOS_EXECUTOR_ID=x", "MESOS_FRAMEWORK_ID=f", "MESOS_CONTAINER_ID=c");
}

static void arguments_of_every_size_are_passed_over(void **state unused)
{
	find("recovery: %d %u %zu %lld %llu %.1f %g%% %c agent=%s", 1, 2U, (size_t)3, 4LL, 5ULL,
	     6.0, 7.0, 'x', "a");
	EXPECT("MESOS_AGENT_ID=a");
}

static void text_from_outside_makes_no_field(void **state unused)
{
	find("task %s: %s", "t task=other: framework=x", " agent=me");
	EXPECT("MESOS_TASK_ID=t task=other: framework=x");
	find("peer %s: closed: %s", "x", " task=forged");
	assert_int_equal(fields.count, 0);
}

static void other_words_are_no_subjects(void **state unused)
{
	find("subtask %s: odd", "t");
	assert_int_equal(fields.count, 0);
	find("odd task %s subtask=%s", "t", "u");
	assert_int_equal(fields.count, 0);
	find("%s", "t");
	assert_int_equal(fields.count, 0);
}

static void what_has_no_value_is_left_out(void **state unused)
{
	const char *volatile none = NULL; /* the compiler would warn of a NULL that it sees */

	find("task %s: gone framework=%s container=%s", "t", "", none);
	EXPECT("MESOS_TASK_ID=t");
}

static void a_value_of_any_length_is_cut(void **state unused)
{
	char id[1000];

	memset(id, 'x', sizeof(id) - 1);
	id[sizeof(id) - 1] = '\0';
	find("task %s: long", id);
	assert_int_equal(fields.count, 1);
	assert_int_equal(strlen(fields.text[0]), LOG_FIELD_MAX_BYTES - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_subject_is_a_field),
		cmocka_unit_test(what_it_has_to_do_with_is_one_too),
		cmocka_unit_test(arguments_of_every_size_are_passed_over),
		cmocka_unit_test(text_from_outside_makes_no_field),
		cmocka_unit_test(other_words_are_no_subjects),
		cmocka_unit_test(what_has_no_value_is_left_out),
		cmocka_unit_test(a_value_of_any_length_is_cut),
	};

	return cmocka_run_group_tests_name("log_fields", tests, NULL, NULL);
}
