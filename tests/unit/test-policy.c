/* What is done about a container's disk, and what the kernel is told of a limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "agent/disk/policy.h"

static const struct disk_measure *scan(uint64_t bytes, int64_t ns)
{
	static struct disk_measure m;

	m = (struct disk_measure){ .witness = WITNESS_SCAN, .bytes = bytes, .ns = ns };
	return &m;
}

static struct ledger with(uint64_t limit, uint64_t used)
{
	struct ledger l = { 0 };

	ledger_set_limit(&l, limit > 0, limit);
	ledger_measured(&l, scan(used, 1));
	return l;
}

static void nothing_is_done_within_the_limit(void **state unused)
{
	struct ledger l = with(MIB, MIB);

	assert_int_equal(disk_policy(&l, false, true), DISK_NOTHING);
	assert_int_equal(disk_policy(&l, true, true), DISK_NOTHING);
	assert_int_equal(disk_policy(&l, false, false), DISK_NOTHING);
}

static void nothing_is_done_without_a_limit(void **state unused)
{
	struct ledger l = with(0, 1000 * MIB);

	assert_int_equal(disk_policy(&l, false, true), DISK_NOTHING);
}

static void nothing_is_done_before_the_first_measurement(void **state unused)
{
	struct ledger l = { 0 };

	ledger_set_limit(&l, true, 1);
	assert_int_equal(disk_policy(&l, false, true), DISK_NOTHING);
}

static void an_enforced_limit_kills_once(void **state unused)
{
	struct ledger l = with(MIB, MIB + 1);

	assert_int_equal(disk_policy(&l, false, true), DISK_KILL);
	l.killed = true;
	assert_int_equal(disk_policy(&l, true, true), DISK_NOTHING);
}

static void an_enforced_limit_kills_what_was_over_before_too(void **state unused)
{
	struct ledger l = with(MIB, MIB + 1);

	assert_int_equal(disk_policy(&l, true, true), DISK_KILL);
}

static void a_limit_that_is_not_enforced_is_reported_when_it_is_crossed(void **state unused)
{
	struct ledger l = with(MIB, MIB + 1);

	assert_int_equal(disk_policy(&l, false, false), DISK_REPORT);
	assert_int_equal(disk_policy(&l, true, false), DISK_NOTHING);
}

static void where_nothing_is_enforced_the_kernel_only_accounts(void **state unused)
{
	struct quota_rules rules = { .inodes_per_gb = 100, .headroom_bytes = MIB };
	struct quota_limits l = quota_rules_apply(&rules, true, GIB, 7);

	assert_int_equal(l.soft_bytes | l.hard_bytes | l.soft_inodes | l.hard_inodes, 0);
}

static void to_deny_soft_and_hard_limit_are_one(void **state unused)
{
	struct quota_rules rules = { .enforced = true };
	struct quota_limits l = quota_rules_apply(&rules, true, 5000, 0);

	assert_int_equal(l.soft_bytes, 5000);
	assert_int_equal(l.hard_bytes, 5000);
	assert_int_equal(l.hard_inodes, 0);
}

static void to_kill_there_is_headroom_above_the_limit(void **state unused)
{
	struct quota_rules rules = { .enforced = true, .headroom_bytes = 10 * MIB };
	struct quota_limits l = quota_rules_apply(&rules, true, MIB, 0);

	assert_int_equal(l.soft_bytes, MIB);
	assert_int_equal(l.hard_bytes, 11 * MIB);
	l = quota_rules_apply(&rules, true, UINT64_MAX - 1, 0);
	assert_int_equal(l.hard_bytes, UINT64_MAX);
}

static void files_are_limited_by_what_was_given_or_by_the_size(void **state unused)
{
	struct quota_rules rules = { .enforced = true, .inodes_per_gb = 1000 };

	assert_int_equal(quota_rules_apply(&rules, true, GIB / 2, 0).hard_inodes, 500);
	assert_int_equal(quota_rules_apply(&rules, true, 3 * GIB, 0).soft_inodes, 3000);
	assert_int_equal(quota_rules_apply(&rules, true, GIB, 7).hard_inodes, 7);
	assert_int_equal(quota_rules_apply(&rules, false, 0, 7).hard_inodes, 7);
	assert_int_equal(quota_rules_apply(&rules, false, 0, 7).hard_bytes, 0);
}

static void a_small_disk_has_a_limit_of_files_too_and_a_huge_one_does_not_overflow(
	void **state unused)
{
	struct quota_rules rules = { .enforced = true, .inodes_per_gb = 10 };

	assert_int_equal(quota_rules_apply(&rules, true, MIB, 0).hard_inodes, 1);
	assert_int_equal(quota_rules_apply(&rules, true, GIB + 1, 0).hard_inodes, 11);
	rules.inodes_per_gb = UINT64_MAX;
	assert_int_equal(quota_rules_apply(&rules, true, 16 * GIB, 0).hard_inodes, INT64_MAX);
	rules.inodes_per_gb = 0;
	assert_int_equal(quota_rules_apply(&rules, true, GIB, 0).hard_inodes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_done_within_the_limit),
		cmocka_unit_test(nothing_is_done_without_a_limit),
		cmocka_unit_test(nothing_is_done_before_the_first_measurement),
		cmocka_unit_test(an_enforced_limit_kills_once),
		cmocka_unit_test(an_enforced_limit_kills_what_was_over_before_too),
		cmocka_unit_test(a_limit_that_is_not_enforced_is_reported_when_it_is_crossed),
		cmocka_unit_test(where_nothing_is_enforced_the_kernel_only_accounts),
		cmocka_unit_test(to_deny_soft_and_hard_limit_are_one),
		cmocka_unit_test(to_kill_there_is_headroom_above_the_limit),
		cmocka_unit_test(files_are_limited_by_what_was_given_or_by_the_size),
		cmocka_unit_test(
			a_small_disk_has_a_limit_of_files_too_and_a_huge_one_does_not_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
