/* What an environment may be that a module host has sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/environment.h"

static char a[] = "A", one[] = "1", empty[] = "", two_parts[] = "A=B";
static struct variable variables[ENVIRONMENT_MAX + 1];

/* The first n of them; the others are A=1. */
static int check(size_t n, struct error *e)
{
	const struct environment v = { .variables = variables, .variables_count = n };

	for (size_t i = 0; i < n; i++)
		if (!variables[i].name)
			variables[i] = (struct variable){ .name = a, .value = one };
	return environment_check(&v, e);
}

static int forget(void **state unused)
{
	memset(variables, 0, sizeof(variables));
	return 0;
}

static void no_environment_is_one(void **state unused)
{
	struct error e;

	assert_int_equal(environment_check(NULL, &e), 0);
	assert_int_equal(check(0, &e), 0);
}

static void a_variable_has_a_name_and_a_value(void **state unused)
{
	const struct variable bad[] = {
		{ .name = empty, .value = one },
		{ .name = two_parts, .value = one },
		{ .name = a, .value = NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct error e;

		variables[0] = bad[i];
		assert_int_equal(check(1, &e), -EINVAL);
		assert_non_null(strstr(e.text, "is no variable"));
	}
}

static void there_are_at_most_so_many(void **state unused)
{
	struct error e;

	assert_int_equal(check(ENVIRONMENT_MAX, &e), 0);
	assert_int_equal(check(ENVIRONMENT_MAX + 1, &e), -E2BIG);
}

static void together_they_are_at_most_so_long(void **state unused)
{
	autofree char *value = xcalloc(1, ENVIRONMENT_MAX_BYTES + 1);
	struct error e;

	memset(value, 'v', ENVIRONMENT_MAX_BYTES - 1);
	variables[0] = (struct variable){ .name = a, .value = value };
	assert_int_equal(check(1, &e), 0);
	value[ENVIRONMENT_MAX_BYTES - 1] = 'v';
	assert_int_equal(check(1, &e), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(no_environment_is_one, forget),
		cmocka_unit_test_setup(a_variable_has_a_name_and_a_value, forget),
		cmocka_unit_test_setup(there_are_at_most_so_many, forget),
		cmocka_unit_test_setup(together_they_are_at_most_so_long, forget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
