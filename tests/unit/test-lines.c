/* Lines out of bytes that arrive in any pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "lib/lines.h"

#define autolines cleanup(lines_fini)

static void feed(struct lines *l, const void *data, size_t n)
{
	if (!n)
		return;
	memcpy(lines_reserve(l, n), data, n);
	lines_added(l, n);
}

static void expect(struct lines *l, const void *text, size_t n)
{
	char *line;
	size_t len;

	assert_int_equal(lines_next(l, &line, &len), LINES_TAKEN);
	assert_int_equal(len, n);
	assert_memory_equal(line, text, n);
	assert_int_equal(line[n], '\0');
}

static void expect_result(struct lines *l, int result)
{
	char *line;
	size_t len;

	assert_int_equal(lines_next(l, &line, &len), result);
}

static void nothing_fed_gives_nothing(void **state unused)
{
	autolines struct lines l = { .max = 10 };

	expect_result(&l, 0);
	lines_reserve(&l, 1);
	lines_added(&l, 0);
	expect_result(&l, 0);
}

static void several_lines_in_one_piece_come_out_one_by_one(void **state unused)
{
	autolines struct lines l = { .max = 10 };

	feed(&l, "one\ntwo\nthr", 11);
	expect(&l, "one", 3);
	expect(&l, "two", 3);
	expect_result(&l, 0);
	feed(&l, "ee\n", 3);
	expect(&l, "three", 5);
	expect_result(&l, 0);
}

static void any_split_of_the_bytes_gives_the_same_lines(void **state unused)
{
	static const char text[] = "a\nbc\r\n\n{\"x\":1}\n";

	for (size_t cut = 0; cut < sizeof(text); cut++) {
		autolines struct lines l = { .max = 7 };
		char *line, all[32] = "";
		size_t len;

		for (int half = 0; half < 2; half++) {
			feed(&l, half ? text + cut : text, half ? sizeof(text) - 1 - cut : cut);
			while (lines_next(&l, &line, &len) == LINES_TAKEN)
				strcat(strcat(all, line), "|");
		}
		assert_string_equal(all, "a|bc|{\"x\":1}|");
	}
}

static void empty_lines_are_passed_over(void **state unused)
{
	autolines struct lines l = { .max = 10 };

	feed(&l, "\n\r\n\nx\n\n", 7);
	expect(&l, "x", 1);
	expect_result(&l, 0);
}

static void a_nul_byte_is_part_of_the_line(void **state unused)
{
	autolines struct lines l = { .max = 10 };

	feed(&l, "a\0b\n", 4);
	expect(&l, "a\0b", 3);
}

static void a_line_of_the_greatest_length_is_taken(void **state unused)
{
	autolines struct lines l = { .max = 4 };

	feed(&l, "1234\r\n1234\n", 11);
	expect(&l, "1234", 4);
	expect(&l, "1234", 4);
}

static void one_byte_more_is_refused_and_stays_refused(void **state unused)
{
	autolines struct lines l = { .max = 4 };

	feed(&l, "12345\nok\n", 9);
	expect_result(&l, -EMSGSIZE);
	expect_result(&l, -EMSGSIZE);
	feed(&l, "ok\n", 3);
	expect_result(&l, -EMSGSIZE);
}

static void a_line_without_end_is_refused_once_it_is_too_long(void **state unused)
{
	autolines struct lines l = { .max = 4 };

	feed(&l, "1234", 4);
	expect_result(&l, 0);
	feed(&l, "5", 1);
	expect_result(&l, -EMSGSIZE);
}

static void lines_before_one_too_long_still_come_out(void **state unused)
{
	autolines struct lines l = { .max = 4 };

	feed(&l, "ok\n123456", 9);
	expect(&l, "ok", 2);
	expect_result(&l, -EMSGSIZE);
}

/* Lines that are taken as they come must not pile up behind a partial one. */
static void memory_stays_small_however_much_passes(void **state unused)
{
	autolines struct lines l = { .max = 100 };

	for (int i = 0; i < 100000; i++) {
		feed(&l, "cdefgh\nab", 9);
		expect(&l, i ? "abcdefgh" : "cdefgh", i ? 8 : 6);
	}
	assert_true(l.in.cap <= 256);
}

/* With a rescan for each byte this would be 10^12 steps. */
static void a_long_line_byte_by_byte_costs_its_length(void **state unused)
{
	autolines struct lines l = { .max = MIB };

	for (size_t i = 0; i < MIB; i++) {
		feed(&l, "x", 1);
		expect_result(&l, 0);
		assert_int_equal(l.scanned, i + 1);
	}
	feed(&l, "\n", 1);
	assert_int_equal(l.in.data[0], 'x');
	expect_result(&l, LINES_TAKEN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_fed_gives_nothing),
		cmocka_unit_test(several_lines_in_one_piece_come_out_one_by_one),
		cmocka_unit_test(any_split_of_the_bytes_gives_the_same_lines),
		cmocka_unit_test(empty_lines_are_passed_over),
		cmocka_unit_test(a_nul_byte_is_part_of_the_line),
		cmocka_unit_test(a_line_of_the_greatest_length_is_taken),
		cmocka_unit_test(one_byte_more_is_refused_and_stays_refused),
		cmocka_unit_test(a_line_without_end_is_refused_once_it_is_too_long),
		cmocka_unit_test(lines_before_one_too_long_still_come_out),
		cmocka_unit_test(memory_stays_small_however_much_passes),
		cmocka_unit_test(a_long_line_byte_by_byte_costs_its_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
