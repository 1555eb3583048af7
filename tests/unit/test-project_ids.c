/* lib/project_ids.c: the range, and whose turn it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/project_ids.h"

static struct project_ids *made(const char *range)
{
	struct project_ids *p = NULL;
	struct error e;

	assert_int_equal(project_ids_new(range, &p, &e), 0);
	return p;
}

static void free_ids(struct project_ids **p)
{
	project_ids_free(*p);
}

#define autoids cleanup(free_ids)

static uint32_t taken(struct project_ids *p, const char *sandbox)
{
	uint32_t id = 0;

	assert_int_equal(project_ids_take(p, sandbox, &id), 0);
	assert_string_equal(project_ids_sandbox(p, id), sandbox);
	return id;
}

static void give_back(struct project_ids *p, const char *sandbox)
{
	uint32_t id;

	assert_true(project_ids_orphan(p, sandbox, &id));
	assert_int_equal(project_ids_use(p, id), PROJECT_ORPHANED);
	project_ids_give_back(p, id);
}

static void a_range_that_is_none_is_refused_with_the_reason(void **state unused)
{
	static const struct {
		const char *range, *why;
	} bad[] = {
		{ "foo", "is not a range" },        { "100", "is not a range" },
		{ "{a,b}", "is not a range" },      { "[]", "is not a range" },
		{ "[0-5]", "contains 0" },          { "[5-4294967295]", "above 4294967294" },
		{ "[9-5]", "--xfs_project_range" }, { "", "--xfs_project_range" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct project_ids *p = NULL;
		struct error e = { .code = 0 };

		assert_int_equal(project_ids_new(bad[i].range, &p, &e), -EINVAL);
		assert_non_null(strstr(e.text, bad[i].why));
		assert_null(p);
	}
}

static void ids_that_were_never_used_come_first(void **state unused)
{
	autoids struct project_ids *p = made("[7-8, 1-2]");

	assert_int_equal(taken(p, "a"), 1);
	give_back(p, "a");
	assert_int_equal(taken(p, "b"), 2);
	assert_int_equal(taken(p, "c"), 7);
	assert_int_equal(taken(p, "d"), 8);
	assert_int_equal(taken(p, "e"), 1);
}

static void the_longest_free_comes_next(void **state unused)
{
	autoids struct project_ids *p = made("[5000-5002]");
	uint32_t id;

	taken(p, "a");
	taken(p, "b");
	taken(p, "c");
	assert_int_equal(project_ids_take(p, "d", &id), 1);
	give_back(p, "b");
	give_back(p, "a");
	assert_int_equal(taken(p, "d"), 5001);
	assert_int_equal(taken(p, "e"), 5000);
	assert_int_equal(project_ids_take(p, "f", &id), 1);
}

static void what_is_orphaned_is_not_given_out(void **state unused)
{
	autoids struct project_ids *p = made("[3-3]");
	autofree uint32_t *orphaned = NULL;
	size_t n;
	uint32_t id;

	taken(p, "a");
	assert_true(project_ids_orphan(p, "a", &id));
	assert_false(project_ids_orphan(p, "a", &id));
	assert_int_equal(project_ids_take(p, "b", &id), 1);
	orphaned = project_ids_list(p, PROJECT_ORPHANED, &n);
	assert_int_equal(n, 1);
	assert_int_equal(orphaned[0], 3);
}

static void what_is_others_is_never_given_out(void **state unused)
{
	autoids struct project_ids *p = made("[1-3]");
	uint32_t id;

	project_ids_restore(p, 1, PROJECT_FOREIGN, NULL);
	project_ids_restore(p, 2, PROJECT_TAKEN, "old");
	assert_int_equal(taken(p, "new"), 3);
	assert_int_equal(project_ids_take(p, "more", &id), 1);
}

static void what_is_free_for_long_is_remembered_in_its_order(void **state unused)
{
	autoids struct project_ids *p = made("[1-2]");

	project_ids_restore(p, 2, PROJECT_FREE, NULL);
	project_ids_restore(p, 1, PROJECT_FREE, NULL);
	assert_int_equal(taken(p, "a"), 2);
	assert_int_equal(taken(p, "b"), 1);
}

static void ids_of_an_old_range_stay_with_their_sandbox_and_then_go(void **state unused)
{
	autoids struct project_ids *p = made("[10-11]");
	uint32_t id;

	project_ids_restore(p, 5, PROJECT_TAKEN, "old");
	assert_int_equal(project_ids_counts(p).taken, 0);
	assert_int_equal(project_ids_use(p, 5), PROJECT_TAKEN);
	assert_true(project_ids_orphan(p, "old", &id));
	project_ids_give_back(p, id);
	taken(p, "a");
	taken(p, "b");
	assert_int_equal(project_ids_take(p, "c", &id), 1);
}

static void a_sandbox_has_one_id(void **state unused)
{
	autoids struct project_ids *p = made("[5000-5002]");
	uint32_t id = 0;

	assert_false(project_ids_of(p, "a", &id));
	assert_int_equal(taken(p, "a"), 5000);
	project_ids_restore(p, 5001, PROJECT_TAKEN, "a");
	assert_true(project_ids_of(p, "a", &id));
	assert_int_equal(id, 5001);
	assert_int_equal(project_ids_use(p, 5000), PROJECT_ORPHANED);
	project_ids_restore(p, 5001, PROJECT_TAKEN, "a");
	assert_int_equal(project_ids_use(p, 5001), PROJECT_TAKEN);
	give_back(p, "a");
	assert_false(project_ids_of(p, "a", &id));
}

static void free_ids_of_an_old_range_are_forgotten(void **state unused)
{
	autoids struct project_ids *p = made("[10-10]");
	uint32_t id;

	project_ids_restore(p, 5, PROJECT_FREE, NULL);
	project_ids_restore(p, 6, PROJECT_FOREIGN, NULL);
	project_ids_restore(p, 6, PROJECT_FREE, NULL);
	assert_int_equal(taken(p, "a"), 10);
	assert_int_equal(project_ids_take(p, "b", &id), 1);
}

static void all_are_counted(void **state unused)
{
	autoids struct project_ids *p = made("[1-10]");
	struct project_counts c;
	uint32_t id;

	taken(p, "a");
	taken(p, "b");
	assert_true(project_ids_orphan(p, "b", &id));
	project_ids_restore(p, 9, PROJECT_FOREIGN, NULL);
	c = project_ids_counts(p);
	assert_int_equal(c.total, 10);
	assert_int_equal(c.taken, 1);
	assert_int_equal(c.orphaned, 1);
	assert_int_equal(c.foreign, 1);
	assert_int_equal(c.free, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_range_that_is_none_is_refused_with_the_reason),
		cmocka_unit_test(ids_that_were_never_used_come_first),
		cmocka_unit_test(the_longest_free_comes_next),
		cmocka_unit_test(what_is_orphaned_is_not_given_out),
		cmocka_unit_test(what_is_others_is_never_given_out),
		cmocka_unit_test(what_is_free_for_long_is_remembered_in_its_order),
		cmocka_unit_test(ids_of_an_old_range_stay_with_their_sandbox_and_then_go),
		cmocka_unit_test(a_sandbox_has_one_id),
		cmocka_unit_test(free_ids_of_an_old_range_are_forgotten),
		cmocka_unit_test(all_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
