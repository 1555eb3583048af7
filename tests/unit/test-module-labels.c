/* Labels and environment as modules see and change them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/labels.h"
#include "mesos/module.h"
#include "tools/module-host/reply.h"

static struct mesos_labels *labels;
static struct mesos_environment *environment;

static int begin(void **state unused)
{
	labels = xcalloc(1, sizeof(struct labels));
	environment = xcalloc(1, sizeof(struct environment));
	reply_begin("x");
	return 0;
}

static int end(void **state unused)
{
	schema_free(labels_schema(), labels);
	schema_free(environment_schema(), environment);
	return 0;
}

static void add(const char *key, const char *value)
{
	assert_int_equal(mesos_labels_add(labels, key, value), 0);
}

/* As "k=v k w=x". */
static void assert_labels(const char *text)
{
	autobuf struct buf out = { 0 };

	for (size_t i = 0; i < mesos_labels_count(labels); i++) {
		const char *value = mesos_labels_value(labels, i);

		buf_addf(&out, "%s%s%s%s", i ? " " : "", mesos_labels_key(labels, i),
			 value ? "=" : "", value ? value : "");
	}
	assert_string_equal(buf_text(&out), text);
}

static void refused(int r, const char *why)
{
	assert_int_equal(r, -1);
	assert_non_null(strstr(reply_failure(), why));
	reply_begin("x");
}

static void labels_are_added_in_their_order(void **state unused)
{
	add("a", "1");
	add("b", NULL);
	add("a", "");
	assert_labels("a=1 b a=");
	assert_int_equal(mesos_labels_find(labels, "a"), 0);
	assert_int_equal(mesos_labels_find(labels, "none"), 3);
	assert_int_equal(mesos_labels_find(labels, NULL), 3);
	assert_null(mesos_labels_key(labels, 3));
	assert_null(mesos_labels_value(labels, SIZE_MAX));
}

static void one_that_is_set_is_the_only_one(void **state unused)
{
	add("x", "0");
	add("a", "1");
	add("b", "2");
	add("a", "3");
	assert_int_equal(mesos_labels_set(labels, "a", "4"), 0);
	assert_labels("x=0 a=4 b=2");
	assert_int_equal(mesos_labels_set(labels, "c", NULL), 0);
	assert_labels("x=0 a=4 b=2 c");
	assert_int_equal(mesos_labels_set(labels, "a", mesos_labels_value(labels, 1)), 0);
	assert_int_equal(mesos_labels_set(labels, mesos_labels_key(labels, 2), "own"), 0);
	assert_labels("x=0 a=4 b=own c");
}

static void all_with_a_key_are_removed(void **state unused)
{
	add("a", "1");
	add("b", "2");
	add("a", "3");
	assert_int_equal(mesos_labels_remove(labels, mesos_labels_key(labels, 0)), 2);
	assert_labels("b=2");
	assert_int_equal(mesos_labels_remove(labels, "a"), 0);
	assert_int_equal(mesos_labels_remove(labels, NULL), 0);
}

static void what_is_no_label_is_refused(void **state unused)
{
	char long_value[LABELS_MAX_BYTES + 1];

	memset(long_value, 'v', sizeof(long_value) - 1);
	long_value[sizeof(long_value) - 1] = '\0';
	refused(mesos_labels_add(labels, "", "v"), "a key that is not empty");
	refused(mesos_labels_add(labels, NULL, "v"), "a key that is not empty");
	refused(mesos_labels_add(labels, "k", "\xff"), "UTF-8");
	refused(mesos_labels_add(labels, "\xc3", "v"), "UTF-8");
	refused(mesos_labels_add(labels, "k", long_value), "24576 bytes");
	refused(mesos_labels_add(NULL, "k", "v"), "no labels to change");
	refused(mesos_labels_set(NULL, "k", "v"), "no labels to change");
	add("k", "v");
	refused(mesos_labels_set(labels, "k", "\xff"), "UTF-8");
	assert_labels("k=v");
	assert_int_equal(mesos_labels_remove(NULL, "k"), 0);
	assert_int_equal(mesos_labels_count(NULL), 0);
}

/* What is set anew takes the place of what it replaces. */
static void as_long_a_value_as_may_be_can_be_set_again(void **state unused)
{
	char long_value[LABELS_MAX_BYTES];

	memset(long_value, 'v', sizeof(long_value) - 1);
	long_value[sizeof(long_value) - 1] = '\0';
	add("k", long_value);
	assert_int_equal(mesos_labels_set(labels, "k", long_value), 0);
	assert_int_equal(mesos_labels_count(labels), 1);
}

static void variables_are_set_and_unset(void **state unused)
{
	assert_int_equal(mesos_environment_set(environment, "A", "1"), 0);
	assert_int_equal(mesos_environment_set(environment, "B", ""), 0);
	assert_int_equal(mesos_environment_set(environment, "A", "2"), 0);
	assert_int_equal(mesos_environment_count(environment), 2);
	assert_string_equal(mesos_environment_get(environment, "A"), "2");
	assert_string_equal(mesos_environment_get(environment, "B"), "");
	assert_null(mesos_environment_get(environment, "C"));
	assert_string_equal(mesos_environment_name(environment, 1), "B");
	assert_null(mesos_environment_name(environment, 2));
	assert_null(mesos_environment_value(environment, 2));
	assert_true(mesos_environment_unset(environment, mesos_environment_name(environment, 0)));
	assert_false(mesos_environment_unset(environment, "A"));
	assert_false(mesos_environment_unset(environment, NULL));
	assert_false(mesos_environment_unset(NULL, "A"));
	assert_int_equal(mesos_environment_count(environment), 1);
}

static void what_is_no_variable_is_refused(void **state unused)
{
	refused(mesos_environment_set(environment, "", "v"), "a variable has");
	refused(mesos_environment_set(environment, "A=B", "v"), "a variable has");
	refused(mesos_environment_set(environment, NULL, "v"), "a variable has");
	refused(mesos_environment_set(environment, "A", NULL), "a variable has");
	refused(mesos_environment_set(environment, "A", "\xff"), "UTF-8");
	refused(mesos_environment_set(NULL, "A", "v"), "no environment to change");
	assert_int_equal(mesos_environment_count(environment), 0);
}

static void an_environment_is_bounded(void **state unused)
{
	static char value[64 * KIB];
	char name[16] = "";
	size_t i = 0;

	memset(value, 'v', sizeof(value) - 1);
	for (; i < 100; i++) {
		snprintf(name, sizeof(name), "V%zu", i);
		if (mesos_environment_set(environment, name, value))
			break;
	}
	refused(-1, "524288 bytes");
	assert_int_equal(i, 7);
	assert_int_equal(mesos_environment_set(environment, "V0", value), 0);
	for (i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "W%zu", i);
		if (mesos_environment_set(environment, name, ""))
			break;
	}
	refused(-1, "4096 variables");
	assert_int_equal(mesos_environment_count(environment), 4096);
	assert_int_equal(mesos_environment_set(environment, "V0", ""), 0);
}

static void why_it_fails_is_one_line_of_utf8(void **state unused)
{
	assert_int_equal(mesos_fail("a\nb\t%s", "\xff"), -1);
	assert_string_equal(reply_failure(), "a b ?");
}

#define WITH_BOTH(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_BOTH(labels_are_added_in_their_order),
		WITH_BOTH(one_that_is_set_is_the_only_one),
		WITH_BOTH(all_with_a_key_are_removed),
		WITH_BOTH(what_is_no_label_is_refused),
		WITH_BOTH(as_long_a_value_as_may_be_can_be_set_again),
		WITH_BOTH(variables_are_set_and_unset),
		WITH_BOTH(what_is_no_variable_is_refused),
		WITH_BOTH(an_environment_is_bounded),
		WITH_BOTH(why_it_fails_is_one_line_of_utf8),
	};

	return cmocka_run_group_tests_name("module-labels", tests, NULL, NULL);
}
