/* What the path of a sandbox is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/sandbox_path.h"

static void the_path_of_a_sandbox_has_eight_parts(void **state unused)
{
	struct sandbox_path p;

	assert_int_equal(sandbox_path_parse("slaves/A-S0/frameworks/F/executors/my task/runs/c-1",
					    &p),
			 0);
	assert_string_equal(p.part[0], "slaves");
	assert_string_equal(p.part[SANDBOX_PATH_AGENT], "A-S0");
	assert_string_equal(p.part[5], "my task");
	assert_string_equal(p.part[SANDBOX_PATH_RUN], "c-1");
	sandbox_path_fini(&p);
	assert_null(p.text);
}

static void any_other_path_is_refused(void **state unused)
{
	static const char *const bad[] = {
		"",
		"/",
		"slaves",
		"meta",
		"/slaves/A/frameworks/F/executors/E/runs/C",
		"slaves/A/frameworks/F/executors/E/runs",
		"slaves/A/frameworks/F/executors/E/runs/",
		"slaves/A/frameworks/F/executors/E/runs/C/",
		"slaves/A/frameworks/F/executors/E/runs/C/x",
		"slaves/A/frameworks/F/executors/E/meta/C",
		"slaves/../frameworks/F/executors/E/runs/C",
		"slaves/A/frameworks/./executors/E/runs/C",
		"slaves//frameworks/F/executors/E/runs/C",
		"slaves/A/frameworks/F/executors/E/runs/..",
		"slaves/A/frameworks/F/executors/E/runs/.gone-C",
	};
	struct sandbox_path p = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(sandbox_path_parse(bad[i], &p), -EINVAL);
		assert_null(p.text);
	}
}

static void what_is_made_is_one(void **state unused)
{
	autofree char *path = sandbox_path_make("A", "F", "E", "C");
	struct sandbox_path p;

	assert_string_equal(path, "slaves/A/frameworks/F/executors/E/runs/C");
	assert_int_equal(sandbox_path_parse(path, &p), 0);
	sandbox_path_fini(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_path_of_a_sandbox_has_eight_parts),
		cmocka_unit_test(any_other_path_is_refused),
		cmocka_unit_test(what_is_made_is_one),
	};

	return cmocka_run_group_tests_name("sandbox_path", tests, NULL, NULL);
}
