/* Durations, sizes and decimals: grammar, limits, printing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "lib/units.h"

#define HOUR (3600 * NSEC_PER_SEC)

static void assert_duration(const char *text, int64_t ns)
{
	struct error e = { 0 };
	int64_t got = -1;

	assert_int_equal(duration_parse(text, &got, &e), 0);
	assert_int_equal(got, ns);
}

static void assert_no_duration(const char *text, int code, const char *words)
{
	struct error e = { 0 };
	int64_t got = -1;

	assert_int_equal(duration_parse(text, &got, &e), -code);
	assert_int_equal(got, -1);
	assert_non_null(strstr(e.text, words));
}

static void assert_prints(int64_t ns, const char *text)
{
	autobuf struct buf out = { 0 };

	duration_print(ns, &out);
	assert_string_equal(buf_text(&out), text);
}

static void every_duration_unit_is_known(void **state unused)
{
	assert_duration("1ns", 1);
	assert_duration("2us", 2000);
	assert_duration("3ms", 3000000);
	assert_duration("15secs", 15 * NSEC_PER_SEC);
	assert_duration("10mins", 600 * NSEC_PER_SEC);
	assert_duration("1hrs", HOUR);
	assert_duration("2days", 48 * HOUR);
	assert_duration("1weeks", 168 * HOUR);
	assert_duration("0ns", 0);
}

static void durations_may_have_a_fraction_and_are_exact(void **state unused)
{
	assert_duration("1.5secs", 1500 * NSEC_PER_MSEC);
	assert_duration(".5secs", 500 * NSEC_PER_MSEC);
	assert_duration("0.1us", 100);
	assert_duration("0.000000001secs", 1);
	assert_duration("9223372036854775807ns", INT64_MAX);
	assert_duration("0.333333333333333333333333333333mins", 20 * NSEC_PER_SEC);
}

static void a_duration_without_a_proper_unit_is_refused(void **state unused)
{
	assert_no_duration("10", EINVAL, "Invalid duration '10'");
	assert_no_duration("", EINVAL, "Invalid duration ''");
	assert_no_duration("secs", EINVAL, "Invalid duration 'secs'");
	assert_no_duration("1sec", EINVAL, "Unknown duration unit 'sec'");
	assert_no_duration("1s", EINVAL, "Unknown duration unit 's'");
	assert_no_duration("1SECS", EINVAL, "Unknown duration unit 'SECS'");
	assert_no_duration("1 secs", EINVAL, "Unknown duration unit ' secs'");
	assert_no_duration("1secs\n", EINVAL, "Unknown duration unit");
	assert_no_duration("-1secs", EINVAL, "Invalid duration '-1secs'");
	assert_no_duration("1.2.3secs", EINVAL, "not a decimal number");
	assert_no_duration(".secs", EINVAL, "not a decimal number");
}

static void a_duration_that_does_not_fit_is_refused(void **state unused)
{
	assert_no_duration("9223372036854775808ns", ERANGE, "longer than 292 years");
	assert_no_duration("15251weeks", ERANGE, "longer than 292 years");
	assert_no_duration("99999999999999999999999999999999999999999999weeks", ERANGE,
			   "longer than 292 years");
}

static void durations_print_in_the_unit_of_their_size(void **state unused)
{
	assert_prints(0, "0ns");
	assert_prints(999, "999ns");
	assert_prints(75 * NSEC_PER_SEC, "75secs");
	assert_prints(90 * NSEC_PER_SEC, "90secs");
	assert_prints(600 * NSEC_PER_SEC, "10mins");
	assert_prints(1500 * NSEC_PER_MSEC, "1500ms");
	assert_prints(HOUR, "1hrs");
	assert_prints(168 * HOUR, "1weeks");
	assert_prints(240 * HOUR, "10days");
	assert_prints(1234567, "1.234567ms");
	assert_prints(-HOUR, "-1hrs");
}

static void printed_durations_read_back(void **state unused)
{
	static const int64_t values[] = {
		0, 1, 1001, 1500000, 61 * NSEC_PER_SEC, HOUR + 1000, 999999999, 25 * HOUR
	};

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		autobuf struct buf out = { 0 };

		duration_print(values[i], &out);
		assert_duration(buf_text(&out), values[i]);
	}
}

static void assert_bytes(const char *text, uint64_t bytes)
{
	struct error e = { 0 };
	uint64_t got = 77;

	assert_int_equal(bytes_parse(text, &got, &e), 0);
	assert_int_equal(got, bytes);
}

static void assert_no_bytes(const char *text, int code, const char *words)
{
	struct error e = { 0 };
	uint64_t got = 77;

	assert_int_equal(bytes_parse(text, &got, &e), -code);
	assert_int_equal(got, 77);
	assert_non_null(strstr(e.text, words));
}

static void byte_units_are_powers_of_1024_in_any_case(void **state unused)
{
	assert_bytes("0B", 0);
	assert_bytes("1KB", KIB);
	assert_bytes("64mb", 64 * MIB);
	assert_bytes("3Gb", 3 * GIB);
	assert_bytes("2TB", 2048 * GIB);
	assert_bytes("18446744073709551615B", UINT64_MAX);
}

static void sizes_that_are_no_whole_bytes_are_refused(void **state unused)
{
	assert_no_bytes("64", EINVAL, "Invalid bytes '64'");
	assert_no_bytes("", EINVAL, "Invalid bytes ''");
	assert_no_bytes("MB", EINVAL, "Invalid bytes 'MB'");
	assert_no_bytes("-1MB", EINVAL, "Invalid bytes '-1MB'");
	assert_no_bytes("1.5MB", EINVAL, "Fractional bytes '1.5MB'");
	assert_no_bytes("1PB", EINVAL, "Unknown bytes unit 'PB'");
	assert_no_bytes("1 MB", EINVAL, "Unknown bytes unit ' MB'");
	assert_no_bytes("18446744073709551616B", ERANGE, "Too many bytes");
	assert_no_bytes("16777216TB", ERANGE, "Too many bytes");
}

static void assert_bytes_print(uint64_t bytes, const char *exact, const char *human)
{
	autobuf struct buf out = { 0 };
	autobuf struct buf people = { 0 };

	bytes_print(bytes, &out);
	assert_string_equal(buf_text(&out), exact);
	bytes_print_human(bytes, &people);
	assert_string_equal(buf_text(&people), human);
}

static void sizes_print_exactly_or_for_people(void **state unused)
{
	assert_bytes_print(0, "0B", "0B");
	assert_bytes_print(1023, "1023B", "1023B");
	assert_bytes_print(2101248, "2052KB", "2.00MB");
	assert_bytes_print(MIB, "1MB", "1.00MB");
	assert_bytes_print(3 * MIB, "3MB", "3.00MB");
	assert_bytes_print(5000 * 1024 * GIB, "5000TB", "5000TB");
	assert_bytes_print(64382566, "64382566B", "61.4MB");
	assert_bytes_print(MIB - 1, "1048575B", "1.00MB");
	assert_bytes_print(150 * GIB, "150GB", "150GB");
}

static void only_whole_numbers_are_numbers(void **state unused)
{
	static const char *const bad[] = { "", "-1", "+1", " 1", "1 ", "0x10", "1.0", "5abc" };
	struct error e = { 0 };
	uint64_t n = 0;

	assert_int_equal(u64_parse("18446744073709551615", &n, &e), 0);
	assert_int_equal(n, UINT64_MAX);
	assert_int_equal(u64_parse("18446744073709551616", &n, &e), -ERANGE);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(u64_parse(bad[i], &n, &e), -EINVAL);
	assert_int_equal(n, UINT64_MAX);
}

static void decimals_round_half_up_to_the_scale(void **state unused)
{
	const char *end;
	int64_t v;

	assert_int_equal(decimal_parse("0.0005x", 1000, &v, &end), 0);
	assert_int_equal(v, 1);
	assert_string_equal(end, "x");
	assert_int_equal(decimal_parse("0.00049999999999999999999999", 1000, &v, &end), 0);
	assert_int_equal(v, 0);
	assert_int_equal(decimal_parse("0.1", 1000, &v, &end), 0);
	assert_int_equal(v, 100);
	assert_int_equal(decimal_parse("9223372036854775.8075", 1000, &v, &end), -ERANGE);
	assert_int_equal(decimal_parse("x", 1000, &v, &end), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_duration_unit_is_known),
		cmocka_unit_test(durations_may_have_a_fraction_and_are_exact),
		cmocka_unit_test(a_duration_without_a_proper_unit_is_refused),
		cmocka_unit_test(a_duration_that_does_not_fit_is_refused),
		cmocka_unit_test(durations_print_in_the_unit_of_their_size),
		cmocka_unit_test(printed_durations_read_back),
		cmocka_unit_test(byte_units_are_powers_of_1024_in_any_case),
		cmocka_unit_test(sizes_that_are_no_whole_bytes_are_refused),
		cmocka_unit_test(sizes_print_exactly_or_for_people),
		cmocka_unit_test(only_whole_numbers_are_numbers),
		cmocka_unit_test(decimals_round_half_up_to_the_scale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
