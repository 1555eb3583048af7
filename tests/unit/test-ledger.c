/* What is known of a container's disk, and the words for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "agent/disk/ledger.h"

/* Valid until the next call. */
static const struct disk_measure *measure(enum disk_witness witness, uint64_t bytes, int64_t ns)
{
	static struct disk_measure m;

	m = (struct disk_measure){ .witness = witness, .bytes = bytes, .ns = ns, .wall_ns = 1 };
	return &m;
}

static const struct disk_measure *scan(uint64_t bytes, int64_t ns)
{
	return measure(WITNESS_SCAN, bytes, ns);
}

static struct ledger measured(uint64_t limit, uint64_t used)
{
	struct ledger l = { 0 };

	ledger_set_limit(&l, true, limit);
	ledger_measured(&l, scan(used, 1));
	return l;
}

static const char *state_of(const struct ledger *l)
{
	const struct disk_facts f = ledger_facts(l);

	return enum_name(disk_state_values, (int)disk_state_of(&f));
}

static void a_new_one_is_unlimited_and_unmeasured(void **state unused)
{
	struct ledger l = { 0 };

	assert_string_equal(state_of(&l), "unlimited");
	assert_null(witness_name(l.used.witness));
	ledger_set_limit(&l, true, MIB);
	assert_string_equal(state_of(&l), "unmeasured");
	assert_false(l.over);
}

static void a_measurement_keeps_who_made_it_when_and_what_it_missed(void **state unused)
{
	struct ledger l = { 0 };

	ledger_measured(&l, &(struct disk_measure){ .witness = WITNESS_SCAN,
						    .bytes = 4096,
						    .missed = 3,
						    .ns = 17,
						    .wall_ns = 18 });
	assert_string_equal(witness_name(l.used.witness), "scan");
	assert_int_equal(l.used.bytes, 4096);
	assert_int_equal(l.used.missed, 3);
	assert_int_equal(l.used.ns, 17);
	assert_int_equal(l.used.wall_ns, 18);
}

static void usage_equal_to_the_limit_is_fine_and_one_byte_more_is_not(void **state unused)
{
	struct ledger l = measured(MIB, MIB);

	assert_false(l.over);
	ledger_measured(&l, scan(MIB + 1, 3));
	assert_true(l.over);
	assert_string_equal(state_of(&l), "over");
}

static void what_shrinks_is_no_longer_over(void **state unused)
{
	struct ledger l = measured(MIB, 2 * MIB);

	assert_true(l.over);
	ledger_measured(&l, scan(4096, 3));
	assert_false(l.over);
	assert_string_equal(state_of(&l), "ok");
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
	assert_string_equal(state_of(&l), "unlimited");
	assert_true(ledger_percent(&l) == 0);
}

static void it_is_near_from_ninety_percent_on(void **state unused)
{
	struct ledger l = measured(1000, 899);

	assert_string_equal(state_of(&l), "ok");
	ledger_measured(&l, scan(900, 3));
	assert_string_equal(state_of(&l), "near");
	assert_true(ledger_percent(&l) == 90);
	ledger_measured(&l, scan(1000, 3));
	assert_string_equal(state_of(&l), "near");
}

static const struct disk_measure *quota(uint64_t bytes, int64_t ns)
{
	return measure(WITNESS_QUOTA, bytes, ns);
}

static void the_quota_is_believed_before_the_scan(void **state unused)
{
	struct ledger l = measured(8 * MIB, 2 * MIB);

	ledger_measured(&l, quota(4 * MIB, 3));
	assert_string_equal(witness_name(l.used.witness), "quota");
	ledger_measured(&l, scan(9 * MIB, 4));
	assert_int_equal(l.used.bytes, 4 * MIB);
	assert_int_equal(l.scanned.bytes, 9 * MIB);
	assert_false(l.over);
}

/* So many bytes, all but fresh of which have not changed since the quota was read. */
static const struct disk_measure *scan_beside(const struct ledger *l, uint64_t bytes,
					      uint64_t fresh, int64_t ns)
{
	static struct disk_measure m;

	m = *scan(bytes, ns);
	m.settled = bytes - fresh;
	m.charged = l->used.bytes;
	return &m;
}

static void a_scan_that_finds_much_more_than_was_charged_disputes_it(void **state unused)
{
	struct ledger l = { 0 };

	ledger_measured(&l, quota(4 * MIB, 1));
	ledger_measured(&l, scan_beside(&l, 9 * MIB, 0, 2));
	assert_false(l.disputed);
	ledger_measured(&l, quota(4 * MIB, 3));
	assert_true(l.disputed);
	ledger_measured(&l, scan_beside(&l, 4 * MIB, 0, 4));
	ledger_measured(&l, quota(4 * MIB, 5));
	assert_false(l.disputed);
}

static void what_a_file_was_given_in_advance_is_used_and_not_held_against_it(void **state unused)
{
	struct disk_measure m = *quota(9 * MIB, 1);
	struct ledger l = { 0 };

	ledger_set_limit(&l, true, 8 * MIB);
	m.left_out = 5 * MIB;
	ledger_measured(&l, &m);
	assert_false(l.over);
	assert_string_equal(state_of(&l), "near");
	ledger_measured(&l, scan_beside(&l, 9 * MIB, 0, 2));
	m.ns = 3;
	ledger_measured(&l, &m);
	assert_int_equal(l.used.bytes, 9 * MIB);
	assert_false(l.disputed);
	m.left_out = MIB - 1;
	ledger_measured(&l, &m);
	assert_string_equal(state_of(&l), "over");
}

static void what_was_deleted_or_written_during_a_scan_disputes_nothing(void **state unused)
{
	struct ledger l = { 0 };

	ledger_measured(&l, quota(9 * MIB, 1));
	ledger_measured(&l, scan_beside(&l, 9 * MIB, 0, 2));
	ledger_measured(&l, quota(MIB, 3));
	assert_false(l.disputed);
	ledger_measured(&l, scan_beside(&l, 9 * MIB, 8 * MIB, 4));
	ledger_measured(&l, quota(MIB, 5));
	assert_false(l.disputed);
}

static void it_is_denied_until_there_is_room_again(void **state unused)
{
	struct ledger l = measured(1000, 1000);

	assert_true(ledger_refused(&l, 2));
	assert_string_equal(state_of(&l), "denied");
	assert_false(ledger_refused(&l, 2));
	ledger_measured(&l, scan(950, 3));
	assert_string_equal(state_of(&l), "denied");
	ledger_measured(&l, scan(100, 4));
	assert_string_equal(state_of(&l), "ok");
	assert_true(ledger_refused(&l, 2));
}

static void who_has_no_more_files_is_denied_until_there_is_room_for_some(void **state unused)
{
	struct disk_measure m = { .witness = WITNESS_QUOTA, .bytes = 100, .inodes = 10, .ns = 1 };
	struct ledger l = { .limits.hard_inodes = 10 };

	ledger_set_limit(&l, true, 1000);
	assert_true(ledger_refused(&l, 2));
	ledger_measured(&l, &m);
	assert_string_equal(state_of(&l), "denied");
	assert_false(ledger_refused(&l, 2));
	m.inodes = 9;
	ledger_measured(&l, &m);
	assert_string_equal(state_of(&l), "denied");
	m.inodes = 8;
	ledger_measured(&l, &m);
	assert_string_equal(state_of(&l), "ok");
	m.inodes = 9;
	ledger_measured(&l, &m);
	assert_string_equal(state_of(&l), "near");
}

static void who_asked_for_more_than_is_left_is_denied_for_a_while(void **state unused)
{
	struct ledger l = measured(1000, 100);

	assert_true(ledger_refused(&l, 2));
	ledger_measured(&l, scan(100, 3));
	assert_string_equal(state_of(&l), "denied");
	ledger_measured(&l, scan(200, 50 * NSEC_PER_SEC));
	assert_string_equal(state_of(&l), "denied");
	assert_false(ledger_refused(&l, 55 * NSEC_PER_SEC));
	ledger_measured(&l, scan(200, 100 * NSEC_PER_SEC));
	assert_string_equal(state_of(&l), "denied");
	ledger_measured(&l, scan(200, 115 * NSEC_PER_SEC));
	assert_string_equal(state_of(&l), "ok");
}

static void unless_it_deletes_or_is_given_more(void **state unused)
{
	struct ledger l = measured(1000, 500);

	assert_true(ledger_refused(&l, 2));
	ledger_measured(&l, scan(500, 3));
	ledger_measured(&l, scan(399, 4));
	assert_string_equal(state_of(&l), "ok");
	assert_true(ledger_refused(&l, 5));
	ledger_set_limit(&l, true, 900);
	assert_string_equal(state_of(&l), "denied");
	ledger_set_limit(&l, true, 2000);
	assert_string_equal(state_of(&l), "ok");
	assert_true(ledger_refused(&l, 6)); /* before the kernel had the other limit */
	ledger_forget_refusal(&l);
	ledger_measured(&l, scan(399, 7));
	assert_string_equal(state_of(&l), "ok");
}

static void growth_says_when_it_is_full(void **state unused)
{
	struct ledger l = { 0 };

	ledger_set_limit(&l, true, 4000);
	ledger_measured(&l, quota(1000, NSEC_PER_SEC));
	assert_true(ledger_full_in_seconds(&l) < 0);
	ledger_measured(&l, quota(2000, 2 * NSEC_PER_SEC));
	assert_true(l.growth_bytes_per_second == 1000);
	assert_true(ledger_full_in_seconds(&l) == 2);
	ledger_measured(&l, quota(2000, 3 * NSEC_PER_SEC));
	assert_true(l.growth_bytes_per_second == 500);
	ledger_measured(&l, quota(1000, 1000 * NSEC_PER_SEC));
	assert_true(l.growth_bytes_per_second < 0);
	assert_true(ledger_full_in_seconds(&l) < 0);
}

static void growth_that_has_ended_is_told_for_a_minute(void **state unused)
{
	struct ledger l = { 0 };
	int64_t t = 1;

	ledger_set_limit(&l, true, GIB);
	for (; t <= 600; t++)
		ledger_measured(&l, quota((uint64_t)t * MIB, t * NSEC_PER_SEC));
	assert_true(l.growth_bytes_per_second == MIB);
	assert_true(ledger_full_in_seconds(&l) > 0);
	for (; t <= 660; t++)
		ledger_measured(&l, quota(600 * MIB, t * NSEC_PER_SEC));
	assert_true(l.growth_bytes_per_second < MIB / 5.0);
	for (; t <= 670; t++)
		ledger_measured(&l, quota(600 * MIB, t * NSEC_PER_SEC));
	assert_true(l.growth_bytes_per_second == 0);
	assert_true(ledger_full_in_seconds(&l) < 0);
}

static void growth_does_not_depend_on_how_often_it_is_measured(void **state unused)
{
	static const int64_t steps[] = { 1, 7, 15, 60, 300 };

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		struct ledger l = { 0 };

		for (int64_t t = 1; t < 3000; t += steps[i])
			ledger_measured(&l, quota((uint64_t)t * MIB, t * NSEC_PER_SEC));
		assert_true(l.growth_bytes_per_second == MIB);
	}
}

static void a_sandbox_that_is_gone_is_neither_unlimited_nor_ok(void **state unused)
{
	struct ledger l = { .gone = true };

	assert_string_equal(state_of(&l), "gone");
	ledger_set_limit(&l, true, MIB);
	ledger_measured(&l, scan(4096, 3));
	assert_string_equal(state_of(&l), "gone");
	l.killed = true;
	assert_string_equal(state_of(&l), "killed");
}

static void a_limit_is_what_the_kernel_makes_of_it(void **state unused)
{
	struct ledger l = { .block_bytes = 4096 };

	ledger_set_limit(&l, true, 5000);
	ledger_measured(&l, quota(8192, NSEC_PER_SEC));
	assert_string_equal(state_of(&l), "near");
	assert_true(ledger_percent(&l) == 100);
	assert_true(ledger_refused(&l, 2));
	assert_string_equal(state_of(&l), "denied");
	ledger_measured(&l, quota(8193, 2 * NSEC_PER_SEC));
	assert_string_equal(state_of(&l), "over");
	ledger_set_limit(&l, true, 8193);
	assert_false(l.over);
	assert_int_equal(ledger_allowed(&l), 12288);
	ledger_set_limit(&l, true, 8192);
	assert_int_equal(ledger_allowed(&l), 8192);
	assert_true(l.over);
}

static void killed_outlives_every_measurement(void **state unused)
{
	struct ledger l = measured(MIB, 2 * MIB);

	l.killed = true;
	ledger_measured(&l, scan(4096, 3));
	assert_string_equal(state_of(&l), "killed");
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
		cmocka_unit_test(the_quota_is_believed_before_the_scan),
		cmocka_unit_test(a_scan_that_finds_much_more_than_was_charged_disputes_it),
		cmocka_unit_test(what_a_file_was_given_in_advance_is_used_and_not_held_against_it),
		cmocka_unit_test(what_was_deleted_or_written_during_a_scan_disputes_nothing),
		cmocka_unit_test(it_is_denied_until_there_is_room_again),
		cmocka_unit_test(who_has_no_more_files_is_denied_until_there_is_room_for_some),
		cmocka_unit_test(who_asked_for_more_than_is_left_is_denied_for_a_while),
		cmocka_unit_test(unless_it_deletes_or_is_given_more),
		cmocka_unit_test(growth_says_when_it_is_full),
		cmocka_unit_test(growth_that_has_ended_is_told_for_a_minute),
		cmocka_unit_test(growth_does_not_depend_on_how_often_it_is_measured),
		cmocka_unit_test(a_sandbox_that_is_gone_is_neither_unlimited_nor_ok),
		cmocka_unit_test(a_limit_is_what_the_kernel_makes_of_it),
		cmocka_unit_test(killed_outlives_every_measurement),
		cmocka_unit_test(the_excess_is_told_in_mesos_words),
		cmocka_unit_test(half_a_megabyte_is_told_in_kilobytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
