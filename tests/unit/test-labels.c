/* What is wanted of labels, and their names in the environment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "lib/labels.h"

static struct label list[] = {
	{ .key = "environment", .value = "prod" },
	{ .key = "a:b", .value = "c:d" },
	{ .key = "alone" },
	{ .key = "environment", .value = "test" },
	{ .key = "empty", .value = "" },
};
static const struct labels labels = { .labels = list, .labels_count = ARRAY_SIZE(list) };

static bool match(const char *first, const char *second)
{
	const char *texts[] = { first, second };
	struct labels_wanted wanted = { texts, second ? 2 : 1 };

	return labels_match(&labels, &wanted);
}

static void a_pair_or_a_key_is_wanted(void **state unused)
{
	assert_true(match("environment:prod", NULL));
	assert_true(match("environment:test", NULL));
	assert_true(match("environment", NULL));
	assert_false(match("environment:pro", NULL));
	assert_false(match("environment:prod2", NULL));
	assert_false(match("environmen", NULL));
	assert_false(match("Environment:prod", NULL));
	assert_false(match("", NULL));
}

static void a_colon_may_be_anywhere(void **state unused)
{
	assert_true(match("a:b:c:d", NULL));
	assert_true(match("a:b", NULL));
	assert_false(match("a", NULL));
	assert_false(match("a:b:c", NULL));
}

static void a_label_without_a_value_is_one_with_an_empty_value(void **state unused)
{
	assert_true(match("alone", NULL));
	assert_true(match("alone:", NULL));
	assert_true(match("empty:", NULL));
	assert_false(match("alone:x", NULL));
	assert_false(match("environment:", NULL));
}

static void all_that_is_wanted_must_be_there(void **state unused)
{
	struct labels_wanted nothing = { NULL, 0 };

	assert_true(match("environment:prod", "environment:test"));
	assert_false(match("environment:prod", "environment:dev"));
	assert_true(labels_match(NULL, &nothing));
	assert_true(labels_match(&labels, &nothing));
	nothing = (struct labels_wanted){ (const char *const[]){ "alone" }, 1 };
	assert_false(labels_match(NULL, &nothing));
}

static void check_variable(const char *key, const char *expected)
{
	autofree char *name = labels_variable(key);

	assert_string_equal(name, expected);
}

static void a_key_becomes_a_name_that_a_shell_takes(void **state unused)
{
	check_variable("environment", "MESOS_LABEL_ENVIRONMENT");
	check_variable("Team-2.x", "MESOS_LABEL_TEAM_2_X");
	check_variable("Gr\xc3\xbc\xc3\x9f"
		       "e=\n",
		       "MESOS_LABEL_GR__E__");
	check_variable("", "MESOS_LABEL_");
}

static void a_key_becomes_a_name_that_prometheus_takes(void **state unused)
{
	autofree char *name = labels_metric("Team-2.x");

	assert_string_equal(name, "label_Team_2_x");
}

static void the_first_of_a_key_has_the_value(void **state unused)
{
	assert_string_equal(labels_value(&labels, "environment"), "prod");
	assert_string_equal(labels_value(&labels, "alone"), "");
	assert_null(labels_value(&labels, "a"));
	assert_null(labels_value(NULL, "a"));
}

static void what_one_thing_may_have_is_bounded(void **state unused)
{
	static struct label many[LABELS_MAX];
	struct labels all = { .labels = many, .labels_count = LABELS_MAX - 1 };
	autofree char *long_value = xcalloc(1, LABELS_MAX_BYTES + 1);
	struct label more = { .key = (char *)"k", .value = long_value };
	struct error e;

	for (size_t i = 0; i < LABELS_MAX; i++)
		many[i].key = (char *)"";
	memset(long_value, 'v', LABELS_MAX_BYTES);
	assert_int_equal(labels_check(NULL, NULL, &e), 0);
	assert_int_equal(labels_check(&all, &many[0], &e), 0);
	all.labels_count = LABELS_MAX;
	assert_int_equal(labels_check(&all, NULL, &e), 0);
	assert_int_equal(labels_check(&all, &many[0], &e), -E2BIG);
	assert_int_equal(labels_check(NULL, &more, &e), -E2BIG);
	assert_string_equal(e.text, "1 labels of 24577 bytes are more than the 1000 labels and "
				    "24576 bytes that one thing may have");
	long_value[LABELS_MAX_BYTES - 1] = '\0';
	assert_int_equal(labels_check(NULL, &more, &e), 0);
}

static void no_labels_are_equal_to_none(void **state unused)
{
	struct labels none = { .labels = NULL };

	assert_true(labels_equal(NULL, NULL));
	assert_true(labels_equal(NULL, &none));
	assert_true(labels_equal(&labels, &labels));
	assert_false(labels_equal(NULL, &labels));
	assert_false(labels_equal(&labels, NULL));
}

static void labels_of_an_agent_are_read(void **state unused)
{
	struct labels *l;
	struct error e;

	assert_int_equal(labels_parse("environment:prod;team:a:b\nalone;environment:test", &l, &e),
			 0);
	assert_int_equal(l->labels_count, 4);
	assert_string_equal(l->labels[1].value, "a:b");
	assert_string_equal(l->labels[2].key, "alone");
	assert_null(l->labels[2].value);
	assert_string_equal(l->labels[3].value, "test");
	schema_free(labels_schema(), l);
	assert_int_equal(labels_parse(":prod", &l, &e), -EINVAL);
	assert_string_equal(e.text, "':prod': expected KEY:VALUE or KEY, in UTF-8");
}

static void labels_become_fields_of_the_journal(void **state unused)
{
	struct log_fields f = { .count = 0 };

	labels_add_fields(&labels, &f);
	assert_string_equal(log_fields_get(&f, "MESOS_LABEL_ENVIRONMENT"), "prod");
	assert_null(log_fields_get(&f, "MESOS_LABEL_ALONE"));
	assert_null(log_fields_get(&f, "MESOS_LABEL"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pair_or_a_key_is_wanted),
		cmocka_unit_test(a_colon_may_be_anywhere),
		cmocka_unit_test(a_label_without_a_value_is_one_with_an_empty_value),
		cmocka_unit_test(all_that_is_wanted_must_be_there),
		cmocka_unit_test(a_key_becomes_a_name_that_a_shell_takes),
		cmocka_unit_test(a_key_becomes_a_name_that_prometheus_takes),
		cmocka_unit_test(the_first_of_a_key_has_the_value),
		cmocka_unit_test(what_one_thing_may_have_is_bounded),
		cmocka_unit_test(no_labels_are_equal_to_none),
		cmocka_unit_test(labels_of_an_agent_are_read),
		cmocka_unit_test(labels_become_fields_of_the_journal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
