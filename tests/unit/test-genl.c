/* lib/genl.c, with the controller, the one family that every kernel has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/base.h"
#include "lib/genl.h"

static void a_group_of_a_family_is_found(void **state unused)
{
	uint32_t id = 0;

	assert_int_equal(genl_find_group("nlctrl", "notify", &id), 0);
	assert_int_not_equal(id, 0);
}

static void what_is_not_there_is_no_entry(void **state unused)
{
	uint32_t id = 7;

	assert_int_equal(genl_find_group("nlctrl", "nobody", &id), -ENOENT);
	assert_int_equal(genl_find_group("nobody", "notify", &id), -ENOENT);
	assert_int_equal(id, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_group_of_a_family_is_found),
		cmocka_unit_test(what_is_not_there_is_no_entry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
