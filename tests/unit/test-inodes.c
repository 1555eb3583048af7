/* The set of inodes that a scan met under another name already. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "agent/disk/inodes.h"

static void an_inode_is_new_only_once(void **state unused)
{
	cleanup(inodes_fini) struct inodes s;

	inodes_init(&s);
	assert_true(inodes_add(&s, 7));
	assert_false(inodes_add(&s, 7));
	assert_true(inodes_add(&s, 8));
}

static void inode_zero_is_an_inode_too(void **state unused)
{
	cleanup(inodes_fini) struct inodes s;

	inodes_init(&s);
	assert_true(inodes_add(&s, 0));
	assert_false(inodes_add(&s, 0));
}

static void a_set_remembers_all_while_it_grows(void **state unused)
{
	static const uint64_t strides[] = { 1, 64, UINT64_C(1) << 32, UINT64_MAX / 5000 };

	for (size_t k = 0; k < ARRAY_SIZE(strides); k++) {
		cleanup(inodes_fini) struct inodes s;

		inodes_init(&s);
		for (uint64_t i = 1; i <= 4000; i++)
			assert_true(inodes_add(&s, i * strides[k]));
		for (uint64_t i = 1; i <= 4000; i++)
			assert_false(inodes_add(&s, i * strides[k]));
		assert_int_equal(s.n_used, 4000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_inode_is_new_only_once),
		cmocka_unit_test(inode_zero_is_an_inode_too),
		cmocka_unit_test(a_set_remembers_all_while_it_grows),
	};

	return cmocka_run_group_tests_name("inodes", tests, NULL, NULL);
}
