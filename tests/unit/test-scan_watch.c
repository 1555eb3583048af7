/* What follows from a scan that was given up, and whose turn is when: the scans are made up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "agent/disk/scan_watch.h"

#define INTERVAL_NS (15 * NSEC_PER_SEC)
#define NOW         (1000 * NSEC_PER_SEC)

static struct scan_result next_result;
static uint64_t names_max; /* of the last scan */
static unsigned soon;

int scan_tree(int dirfd unused, const struct scan_options *options, struct scan_result *ret,
	      struct error *e unused)
{
	names_max = options->names_max;
	*ret = next_result;
	return 0;
}

void label_check_init(struct label_check *c, uint32_t project, int64_t since_ns unused)
{
	c->project = project;
}

void disk_watch_soon(struct disk_watch *w unused)
{
	soon++;
}

static struct agent_metrics metrics;
static struct disk_checks checks;
static struct ledger ledger;
static struct scan_watch scan;

static int setup(void **state unused)
{
	soon = 0;
	metrics = (struct agent_metrics){ 0 };
	checks = (struct disk_checks){
		.options = { .interval_ns = INTERVAL_NS, .cpus = 0.5 },
		.metrics = &metrics,
		.pool = (struct work_pool *)&metrics,
		.big_pool = (struct work_pool *)&ledger,
	};
	ledger = (struct ledger){ .has_limit = true, .limit_bytes = 100 };
	scan = (struct scan_watch){
		.watch = { .checks = &checks, .name = "c", .ledger = &ledger },
	};
	return 0;
}

static bool is_big(void)
{
	return scan_method.pool(&scan.watch) == checks.big_pool;
}

static void check(struct scan_result result)
{
	next_result = result;
	scan_method.begin(&scan.watch);
	assert_int_equal(scan_method.measure(&scan.watch), 0);
	scan_method.book(&scan.watch);
}

static void a_scan_that_is_too_long_for_the_small_ones_is_made_with_the_big_ones(
	void **state unused)
{
	check((struct scan_result){ .cut = true, .bytes = 50, .inodes = 7, .missed = 1 });
	assert_false(is_big());
	assert_int_equal(names_max, DISK_SCAN_SMALL_NAMES);
	assert_int_equal(soon, 1);
	assert_false(ledger_known(&ledger) || scan.cut_told);

	check((struct scan_result){ .bytes = 80, .inodes = 9 });
	assert_true(is_big());
	assert_int_equal(names_max, 0);
	assert_int_equal(soon, 1);
	assert_int_equal(ledger.used.bytes, 80);
	check((struct scan_result){ .bytes = 80, .inodes = 9 });
	assert_false(is_big());
	check((struct scan_result){ .bytes = 80, .inodes = DISK_SCAN_BIG_INODES });
	check((struct scan_result){ .bytes = 80, .inodes = 9 });
	assert_true(is_big());
}

static void what_a_scan_has_counted_before_a_bound_is_held_against_the_limit(void **state unused)
{
	const struct scan_result cut = { .cut = true, .bytes = 101, .inodes = 7, .missed = 1 };

	check(cut);
	check(cut);
	assert_int_equal(soon, 1);
	assert_true(ledger.over && scan.cut_told);
	assert_int_equal(ledger.used.missed, 1);
	check((struct scan_result){ .bytes = 80, .inodes = 9 });
	assert_false(ledger.over || scan.cut_told);
}

static void the_last_scan_is_never_given_up_for_small_ones(void **state unused)
{
	scan.watch.last = scan.watch.last_started = true;
	check((struct scan_result){ .cut = true, .bytes = 101 });
	assert_int_equal(names_max, 0);
	assert_int_equal(soon, 0);
	assert_true(ledger.over);
}

/* It counts what XFS gave to files in advance, which ends nobody. */
static void a_scan_beside_a_quota_is_held_against_no_limit(void **state unused)
{
	scan.beside_quota = true;
	check((struct scan_result){ .bytes = 101, .inodes = 7 });
	assert_int_equal(ledger.used.bytes, 101);
	assert_false(ledger.over);
	ledger_set_limit(&ledger, true, 50);
	assert_false(ledger.over);
	ledger_measured(&ledger, &(struct disk_measure){ .witness = WITNESS_QUOTA, .bytes = 51 });
	assert_true(ledger.over);
}

static void a_costly_look_beside_a_quota_moves_others_by_a_minute_at_most(void **state unused)
{
	struct scan_watch other = { .watch = { .checks = &checks }, .begun = true };
	int64_t due;

	scan.begun = true;
	scan.result.cpu_ns = NSEC_PER_SEC;
	assert_int_equal(verify_method.next(&scan.watch, NOW), NOW + INTERVAL_NS);
	due = NOW + INTERVAL_NS + DISK_VERIFY_PAUSE_FACTOR * NSEC_PER_SEC;
	assert_int_equal(verify_method.next(&other.watch, NOW), due);

	scan.result.cpu_ns = 1000 * NSEC_PER_SEC;
	assert_int_equal(verify_method.next(&scan.watch, NOW),
			 NOW + DISK_VERIFY_PAUSE_FACTOR * scan.result.cpu_ns);
	due += DISK_VERIFY_PAUSE_MAX_NS;
	assert_int_equal(verify_method.next(&other.watch, NOW), due);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
			a_scan_that_is_too_long_for_the_small_ones_is_made_with_the_big_ones,
			setup),
		cmocka_unit_test_setup(
			what_a_scan_has_counted_before_a_bound_is_held_against_the_limit, setup),
		cmocka_unit_test_setup(a_scan_beside_a_quota_is_held_against_no_limit, setup),
		cmocka_unit_test_setup(the_last_scan_is_never_given_up_for_small_ones, setup),
		cmocka_unit_test_setup(
			a_costly_look_beside_a_quota_moves_others_by_a_minute_at_most, setup),
	};

	return cmocka_run_group_tests_name("scan_watch", tests, NULL, NULL);
}
