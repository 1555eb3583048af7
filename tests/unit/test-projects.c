/* What rows may say of project ids: in a directory that passes for one of XFS. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <linux/magic.h>
#include <sys/vfs.h>

#include "agent/disk/projects.h"
#include "tests/unit/place.h"

#define RANGE   "[1000000000-1000000009]"
#define PROJECT 1000000003
#define SANDBOX "slaves/A/frameworks/F/executors/E/runs/C"

static struct projects *projects;
static struct error e;

/* Instead of that of the C library. */
int fstatfs(int fd unused, struct statfs *ret)
{
	*ret = (struct statfs){ .f_type = XFS_SUPER_MAGIC, .f_bsize = 4096 };
	return 0;
}

static int setup(void **state unused)
{
	struct projects_options o = { .range = RANGE };

	if (place_make())
		return -1;
	o.work_dir = dir;
	o.work_dir_fd = top;
	return projects_new(&o, &projects, &e);
}

static int teardown(void **state unused)
{
	projects_free(projects);
	return place_remove();
}

static int restore(uint64_t project, const char *sandbox)
{
	const struct project_row row = { .project = project, .sandbox = (char *)sandbox };

	return projects_restore(projects, &row, &e);
}

static void a_row_says_whose_a_project_is(void **state unused)
{
	assert_int_equal(restore(PROJECT, SANDBOX), 0);
	assert_int_equal(restore(PROJECT + 1, NULL), 0);
	assert_int_equal(restore(PROJECT + 2, ""), 0);
	assert_int_equal(projects_counts(projects).taken, 1);
}

static void one_that_names_no_sandbox_is_refused(void **state unused)
{
	static const char *const wrong[] = {
		"C",         "runs/C",     "slaves/../frameworks/F/executors/E/runs/C",
		"/" SANDBOX, SANDBOX "/D",
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		autofree char *text = xasprintf("project %d: '%s' is not the path of a sandbox",
						PROJECT, wrong[i]);

		assert_int_equal(restore(PROJECT, wrong[i]), -EBADMSG);
		assert_string_equal(e.text, text);
	}
	assert_int_equal(restore(0, SANDBOX), -EBADMSG);
	assert_int_equal(projects_counts(projects).taken, 0);
}

#define IN_A_PLACE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_PLACE(a_row_says_whose_a_project_is),
		IN_A_PLACE(one_that_names_no_sandbox_is_refused),
	};

	return cmocka_run_group_tests_name("projects", tests, NULL, NULL);
}
