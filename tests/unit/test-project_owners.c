/* Whose a project id is, of a filesystem of the test's own: what an agent counts as others'. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/project_owners.h"

#define RANGE    "[100-199]"
#define RUNS     "slaves/A/frameworks/F/executors/E/runs/"
#define WORK_DIR 7 /* a descriptor */

static struct project_ids *ids;
static uint32_t above;       /* the project of work_dir */
static uint32_t used[8];     /* that the filesystem knows, in order */
static const char *paths[8]; /* sandboxes, */
static uint32_t has[8];      /* and which project the directory of each has */
static enum project_claim claims[8];

/* ---- in place of the filesystem ---- */

int project_get(int fd, struct project *ret)
{
	assert_int_equal(fd, WORK_DIR);
	*ret = (struct project){ .id = above };
	return 0;
}

int quota_next(const struct quota *q unused, uint32_t after, uint32_t *ret_project,
	       struct quota_record *ret, struct error *e unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(used); i++)
		if (used[i] > after) {
			*ret_project = used[i];
			*ret = (struct quota_record){ .inodes = 1 };
			return 0;
		}
	return 1;
}

bool quota_in_use(const struct quota_record *r)
{
	return r->inodes;
}

static void each_sandbox(void *ctx)
{
	assert_ptr_equal(ctx, &ids);
	for (size_t i = 0; i < ARRAY_SIZE(paths) && paths[i]; i++)
		claims[i] = project_owners_claim(ids, paths[i], has[i]);
}

/* ---- what is found ---- */

static int setup(void **state unused)
{
	struct error e;

	above = 0;
	memset(used, 0, sizeof(used));
	memset(paths, 0, sizeof(paths));
	return project_ids_new(RANGE, &ids, &e);
}

static int teardown(void **state unused)
{
	project_ids_free(ids);
	return 0;
}

static void row(uint64_t project, const char *sandbox)
{
	struct error e;

	assert_int_equal(project_owners_restore(ids, project, sandbox, &e), 0);
}

/* Not those that /etc/projid of this machine may name. */
static uint64_t others_found(int work_dir_fd)
{
	struct error e = { 0 };
	uint64_t n = 0;

	if (project_owners_find(ids, NULL, work_dir_fd, each_sandbox, &ids, &e))
		fail_msg("%s", e.text);
	for (size_t i = 0; i < ARRAY_SIZE(used); i++)
		n += used[i] && project_ids_use(ids, used[i]) == PROJECT_FOREIGN;
	return n;
}

static void what_is_in_use_and_of_no_sandbox_is_others_in_the_range_too(void **state unused)
{
	used[0] = 42;
	used[1] = 150;
	used[2] = 4000000000;
	assert_int_equal(others_found(WORK_DIR), 3);
}

static void what_a_row_tells_of_is_not(void **state unused)
{
	row(42, RUNS "a"); /* of another range, before */
	row(150, RUNS "b");
	row(151, NULL); /* was given back: whoever uses it now is somebody else */
	used[0] = 42;
	used[1] = 150;
	used[2] = 151;
	assert_int_equal(others_found(WORK_DIR), 1);
	assert_int_equal(project_ids_use(ids, 151), PROJECT_FOREIGN);
}

static void a_sandbox_without_a_row_has_its_project_if_that_is_of_the_range(void **state unused)
{
	paths[0] = RUNS "a";
	has[0] = used[1] = 150;
	paths[1] = RUNS "b";
	has[1] = used[0] = 42;
	assert_int_equal(others_found(WORK_DIR), 1);
	assert_int_equal(claims[0], CLAIM_ADOPTED);
	assert_int_equal(claims[1], CLAIM_NOT_OURS);
	assert_int_equal(project_ids_use(ids, 42), PROJECT_FOREIGN);
}

static void what_rows_say_of_sandboxes_is_so(void **state unused)
{
	row(150, RUNS "a");
	row(151, RUNS "b");
	paths[0] = RUNS "a";
	has[0] = used[0] = 150;
	paths[1] = RUNS "b";
	has[1] = used[1] = 152; /* by somebody who is not us */
	paths[2] = RUNS "c";
	has[2] = 150;
	assert_int_equal(others_found(WORK_DIR), 1);
	assert_int_equal(claims[0], CLAIM_KNOWN);
	assert_int_equal(claims[1], CLAIM_MOVED);
	assert_int_equal(claims[2], CLAIM_OF_ANOTHER);
	assert_int_equal(project_ids_use(ids, 152), PROJECT_FOREIGN);
}

static void the_project_of_work_dir_is_others(void **state unused)
{
	above = 150;
	paths[0] = RUNS "a";
	has[0] = used[0] = 150;
	assert_int_equal(others_found(WORK_DIR), 1);
	assert_int_equal(claims[0], CLAIM_NOT_OURS);
}

static void without_a_work_dir_there_are_others_too(void **state unused)
{
	used[0] = 150;
	assert_int_equal(others_found(-EBADF), 1);
}

static void a_row_that_makes_no_sense_is_refused(void **state unused)
{
	struct error e;

	assert_int_equal(project_owners_restore(ids, 0, NULL, &e), -EBADMSG);
	assert_int_equal(project_owners_restore(ids, UINT32_MAX, NULL, &e), -EBADMSG);
	assert_int_equal(project_owners_restore(ids, 150, "../a", &e), -EBADMSG);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_in_use_and_of_no_sandbox_is_others_in_the_range_too),
		TEST(what_a_row_tells_of_is_not),
		TEST(a_sandbox_without_a_row_has_its_project_if_that_is_of_the_range),
		TEST(what_rows_say_of_sandboxes_is_so),
		TEST(the_project_of_work_dir_is_others),
		TEST(without_a_work_dir_there_are_others_too),
		TEST(a_row_that_makes_no_sense_is_refused),
	};

	return cmocka_run_group_tests_name("project_owners", tests, NULL, NULL);
}
