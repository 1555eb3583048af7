/* What is known of a container's disk, and the words for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "agent/disk/ledger.h"

static struct ledger measured(uint64_t limit, uint64_t used)
{
	struct ledger l = { 0 };

	ledger_set_limit(&l, true, limit);
	ledger_measured(&l, WITNESS_SCAN, used, 0, 1, 2);
	return l;
}

static void a_new_one_is_unlimited_and_unmeasured(void **state unused)
{
	struct ledger l = { 0 };

	assert_string_equal(ledger_state(&l), "unlimited");
	assert_null(witness_name(l.witness));
	ledger_set_limit(&l, true, MIB);
	assert_string_equal(ledger_state(&l), "unmeasured");
	assert_false(l.over);
}

static void a_measurement_keeps_who_made_it_when_and_what_it_missed(void **state unused)
{
	struct ledger l = { 0 };

	ledger_measured(&l, WITNESS_SCAN, 4096, 3, 17, 18);
	assert_string_equal(witness_name(l.witness), "scan");
	assert_int_equal(l.used_bytes, 4096);
	assert_int_equal(l.missed, 3);
	assert_int_equal(l.measured_ns, 17);
	assert_int_equal(l.measured_wall_ns, 18);
}

static void usage_equal_to_the_limit_is_fine_and_one_byte_more_is_not(void **state unused)
{
	struct ledger l = measured(MIB, MIB);

	assert_false(l.over);
	ledger_measured(&l, WITNESS_SCAN, MIB + 1, 0, 3, 4);
	assert_true(l.over);
	assert_string_equal(ledger_state(&l), "over");
}

static void what_shrinks_is_no_longer_over(void **state unused)
{
	struct ledger l = measured(MIB, 2 * MIB);

	assert_true(l.over);
	ledger_measured(&l, WITNESS_SCAN, 4096, 0, 3, 4);
	assert_false(l.over);
	assert_string_equal(ledger_state(&l), "ok");
}

static void a_new_limit_judges_the_last_measurement(void **state unused)
{
	struct ledger l = measured(4 * MIB, 2 * MIB);

	assert_false(l.over);
	ledger_set_limit(&l, true, MIB);
	assert_true(l.over);
	ledger_set_limit(&l, true, 8 * MIB);
	assert_false(l.over);
}

static void a_limit_that_was_taken_away_leaves_nothing(void **state unused)
{
	struct ledger l = measured(MIB, 2 * MIB);

	ledger_set_limit(&l, false, 77);
	assert_false(l.over);
	assert_int_equal(l.limit_bytes, 0);
	assert_string_equal(ledger_state(&l), "unlimited");
	assert_true(ledger_percent(&l) == 0);
}

static void it_is_near_from_ninety_percent_on(void **state unused)
{
	struct ledger l = measured(1000, 899);

	assert_string_equal(ledger_state(&l), "ok");
	ledger_measured(&l, WITNESS_SCAN, 900, 0, 3, 4);
	assert_string_equal(ledger_state(&l), "near");
	assert_true(ledger_percent(&l) == 90);
	ledger_measured(&l, WITNESS_SCAN, 1000, 0, 3, 4);
	assert_string_equal(ledger_state(&l), "near");
}

static void killed_outlives_every_measurement(void **state unused)
{
	struct ledger l = measured(MIB, 2 * MIB);

	l.killed = true;
	ledger_measured(&l, WITNESS_SCAN, 4096, 0, 3, 4);
	assert_string_equal(ledger_state(&l), "killed");
}

static void the_excess_is_told_in_mesos_words(void **state unused)
{
	struct ledger l = measured(MIB, 2060 * KIB);
	autobuf struct buf text = { 0 };

	ledger_describe_excess(&l, &text);
	assert_string_equal(buf_text(&text), "Disk usage (2060KB) exceeds quota (1MB)");
}

static void half_a_megabyte_is_told_in_kilobytes(void **state unused)
{
	struct ledger l = measured(MIB / 2, MIB / 2 + 512);
	autobuf struct buf text = { 0 };

	ledger_describe_excess(&l, &text);
	assert_string_equal(buf_text(&text), "Disk usage (524800B) exceeds quota (512KB)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_one_is_unlimited_and_unmeasured),
		cmocka_unit_test(a_measurement_keeps_who_made_it_when_and_what_it_missed),
		cmocka_unit_test(usage_equal_to_the_limit_is_fine_and_one_byte_more_is_not),
		cmocka_unit_test(what_shrinks_is_no_longer_over),
		cmocka_unit_test(a_new_limit_judges_the_last_measurement),
		cmocka_unit_test(a_limit_that_was_taken_away_leaves_nothing),
		cmocka_unit_test(it_is_near_from_ninety_percent_on),
		cmocka_unit_test(killed_outlives_every_measurement),
		cmocka_unit_test(the_excess_is_told_in_mesos_words),
		cmocka_unit_test(half_a_megabyte_is_told_in_kilobytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
