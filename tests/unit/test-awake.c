/* The clock that stands while we do, with a time that is passed in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "master/awake.h"

#define SECOND NSEC_PER_SEC
#define NOW    (1000 * SECOND)
#define GRACE  (5 * SECOND)

static struct awake w;

static int setup(void **state unused)
{
	awake_init(&w, GRACE, NOW);
	return 0;
}

static void it_runs_while_we_do(void **state unused)
{
	for (int64_t t = NOW; t <= NOW + 3600 * SECOND; t += SECOND) {
		assert_int_equal(awake_time(&w, t), t);
		assert_int_equal(awake_pause(&w, t), 0);
		assert_false(awake_note(&w, t));
	}
}

static void between_two_notes_it_runs_too(void **state unused)
{
	awake_note(&w, NOW + SECOND);
	assert_int_equal(awake_time(&w, NOW + SECOND + 7), NOW + SECOND + 7);
}

static void it_stands_while_we_did_and_for_the_grace(void **state unused)
{
	int64_t back = NOW + 3601 * SECOND;

	awake_note(&w, NOW + SECOND);
	assert_int_equal(awake_time(&w, back), NOW + SECOND);
	assert_int_equal(awake_pause(&w, back), GRACE);
	assert_true(awake_note(&w, back));
	assert_int_equal(awake_time(&w, back + 2 * SECOND), NOW + SECOND);
	assert_int_equal(awake_pause(&w, back + 2 * SECOND), GRACE - 2 * SECOND);
	for (int64_t t = SECOND; t <= GRACE; t += SECOND)
		assert_false(awake_note(&w, back + t));
	assert_int_equal(awake_time(&w, back + GRACE), NOW + SECOND);
	assert_int_equal(awake_pause(&w, back + GRACE), 0);
	assert_int_equal(awake_time(&w, back + GRACE + SECOND), NOW + 2 * SECOND);
}

static void a_short_stall_counts(void **state unused)
{
	assert_false(awake_note(&w, NOW + AWAKE_STILL_NS));
	assert_int_equal(awake_time(&w, NOW + AWAKE_STILL_NS), NOW + AWAKE_STILL_NS);
	assert_true(awake_note(&w, NOW + 2 * AWAKE_STILL_NS + 1));
}

static void a_stop_in_the_grace_begins_it_anew(void **state unused)
{
	awake_note(&w, NOW + 10 * SECOND);
	awake_note(&w, NOW + 11 * SECOND);
	assert_true(awake_note(&w, NOW + 20 * SECOND));
	assert_int_equal(awake_pause(&w, NOW + 20 * SECOND), GRACE);
	assert_int_equal(awake_time(&w, NOW + 20 * SECOND), NOW);
}

static void it_never_goes_back(void **state unused)
{
	static const int64_t steps[] = { 1, SECOND, 3 * SECOND, SECOND, 2 * SECOND, 9 * SECOND };
	int64_t t = NOW, before = NOW;

	for (size_t i = 0; i < 600; i++) {
		t += steps[i * i % ARRAY_SIZE(steps)];
		awake_note(&w, t);
		assert_true(awake_time(&w, t) >= before);
		before = awake_time(&w, t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(it_runs_while_we_do, setup),
		cmocka_unit_test_setup(between_two_notes_it_runs_too, setup),
		cmocka_unit_test_setup(it_stands_while_we_did_and_for_the_grace, setup),
		cmocka_unit_test_setup(a_short_stall_counts, setup),
		cmocka_unit_test_setup(a_stop_in_the_grace_begins_it_anew, setup),
		cmocka_unit_test_setup(it_never_goes_back, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
