/* The token bucket of CPU time: time is an argument, nothing sleeps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "agent/disk/scan_budget.h"

#define MS    NSEC_PER_MSEC
#define START (1000 * NSEC_PER_SEC)

static void a_short_scan_never_waits(void **state unused)
{
	struct scan_budget b;

	scan_budget_init(&b, 0.5, START);
	assert_int_equal(scan_budget_charge(&b, 150 * MS, START), 0);
	assert_int_equal(scan_budget_charge(&b, 50 * MS, START), 0);
}

static void a_debt_is_waited_out_at_the_rate(void **state unused)
{
	struct scan_budget b;

	scan_budget_init(&b, 0.5, START);
	assert_int_equal(scan_budget_charge(&b, 210 * MS, START), 20 * MS);
	/* A second thread waits for both debts. */
	assert_int_equal(scan_budget_charge(&b, 5 * MS, START), 30 * MS);
	assert_int_equal(scan_budget_charge(&b, 0, START + 10 * MS), 20 * MS);
	assert_int_equal(scan_budget_charge(&b, 0, START + 30 * MS), 0);
	assert_int_equal(scan_budget_charge(&b, 1 * MS, START + 30 * MS), 2 * MS);
}

static void a_tiny_rate_waits_long_but_not_forever(void **state unused)
{
	struct scan_budget b;

	scan_budget_init(&b, 1e-12, START);
	assert_in_range(scan_budget_charge(&b, 3600 * NSEC_PER_SEC, START), NSEC_PER_SEC,
			INT64_MAX);
}

static void several_cpus_fill_the_bucket_faster(void **state unused)
{
	struct scan_budget b;

	scan_budget_init(&b, 2, START);
	assert_int_equal(scan_budget_charge(&b, 300 * MS, START), 50 * MS);
	assert_int_equal(scan_budget_charge(&b, 0, START + 50 * MS), 0);
}

static void an_idle_hour_saves_no_more_than_the_burst(void **state unused)
{
	struct scan_budget b;

	scan_budget_init(&b, 1, START);
	assert_int_equal(scan_budget_charge(&b, 1 * MS, START + 3600 * NSEC_PER_SEC), 0);
	assert_int_equal(b.balance_ns, SCAN_BUDGET_BURST_NS - 1 * MS);
	assert_int_equal(scan_budget_charge(&b, 200 * MS, START + 3600 * NSEC_PER_SEC), 1 * MS);
}

static void a_clock_reading_that_comes_late_earns_nothing(void **state unused)
{
	struct scan_budget b;

	scan_budget_init(&b, 1, START);
	assert_int_equal(scan_budget_charge(&b, 210 * MS, START), 10 * MS);
	assert_int_equal(scan_budget_charge(&b, 0, START - 5 * MS), 10 * MS);
	assert_int_equal(scan_budget_charge(&b, 0, START + 5 * MS), 5 * MS);
}

static void over_a_minute_the_rate_is_kept(void **state unused)
{
	const int64_t minute = 60 * NSEC_PER_SEC;
	int64_t now = START, used = 0;
	struct scan_budget b;

	scan_budget_init(&b, 0.25, START);
	while (now < START + minute) {
		used += MS;
		now += MS + scan_budget_charge(&b, MS, now + MS);
	}
	assert_in_range(used, minute / 4, minute / 4 + SCAN_BUDGET_BURST_NS + 2 * MS);
}

static void the_time_waited_is_summed(void **state unused)
{
	struct scan_budget b;

	scan_budget_init(&b, 1, START);
	assert_int_equal(scan_budget_throttled_ns(&b), 0);
	scan_budget_waited(&b, 3 * MS);
	scan_budget_waited(&b, 4 * MS);
	assert_int_equal(scan_budget_throttled_ns(&b), 7 * MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_short_scan_never_waits),
		cmocka_unit_test(a_debt_is_waited_out_at_the_rate),
		cmocka_unit_test(a_tiny_rate_waits_long_but_not_forever),
		cmocka_unit_test(several_cpus_fill_the_bucket_faster),
		cmocka_unit_test(an_idle_hour_saves_no_more_than_the_burst),
		cmocka_unit_test(a_clock_reading_that_comes_late_earns_nothing),
		cmocka_unit_test(over_a_minute_the_rate_is_kept),
		cmocka_unit_test(the_time_waited_is_summed),
	};

	return cmocka_run_group_tests_name("scan_budget", tests, NULL, NULL);
}
