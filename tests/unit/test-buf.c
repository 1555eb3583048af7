/* The buffer: growth, digits, JSON strings, taking out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

#include "lib/buf.h"

static void an_empty_buffer_is_empty_text(void **state unused)
{
	autobuf struct buf b = { 0 };

	buf_add(&b, NULL, 0);
	buf_adds(&b, "");
	buf_consume(&b, 0);
	assert_non_null(buf_reserve(&b, 0));
	assert_string_equal(buf_text(&b), "");
	assert_int_equal(b.len, 0);
}

static void it_grows_and_keeps_what_is_in_it(void **state unused)
{
	autobuf struct buf b = { 0 };

	for (unsigned i = 0; i < 100000; i++)
		buf_addc(&b, (char)('a' + i % 26));
	assert_int_equal(b.len, 100000);
	for (unsigned i = 0; i < 100000; i++)
		assert_int_equal(b.data[i], 'a' + i % 26);
	assert_true(b.cap < 4 * b.len);
}

static void reserved_room_is_where_the_next_bytes_go(void **state unused)
{
	autobuf struct buf b = { 0 };

	buf_adds(&b, "ab");
	memset(buf_reserve(&b, 1000), 'c', 1000);
	assert_int_equal(b.len, 2);
	b.len += 1000;
	assert_true(str_starts(buf_text(&b), "abccc"));
	assert_int_equal(strlen(b.data), 1002);
}

static void formats_of_any_length_fit(void **state unused)
{
	autobuf struct buf b = { 0 };
	char words[300];

	memset(words, 'x', sizeof(words) - 1);
	words[sizeof(words) - 1] = '\0';
	for (size_t n = 0; n < sizeof(words); n++) {
		b.len = 0;
		buf_addf(&b, "%d%.*s", 7, (int)n, words);
		assert_int_equal(b.len, n + 1);
		assert_int_equal(strlen(buf_text(&b)), n + 1);
	}
}

static void assert_digits(uint64_t u, int64_t i)
{
	autobuf struct buf b = { 0 };
	char text[64];

	buf_addu(&b, u);
	buf_addc(&b, ' ');
	buf_addi(&b, i);
	snprintf(text, sizeof(text), "%" PRIu64 " %" PRId64, u, i);
	assert_string_equal(buf_text(&b), text);
}

static void digits_are_those_of_printf(void **state unused)
{
	assert_digits(0, 0);
	assert_digits(9, -9);
	assert_digits(10, -10);
	assert_digits(UINT64_MAX, INT64_MIN);
	assert_digits(INT64_MAX, INT64_MAX);
	for (unsigned n = 1; n < 64; n++)
		assert_digits(BIT(n) - 1, -(int64_t)BIT(n - 1));
}

static void a_json_string_reads_back(void **state unused)
{
	char in[128 + 8] = "";
	autobuf struct buf b = { 0 };
	json_t *json;

	for (int c = 1; c < 128; c++)
		in[c - 1] = (char)c;
	strcpy(in + 127, "\303\244\360\237\230\200");
	buf_add_json(&b, in);
	json = json_loadb(b.data, b.len, JSON_DECODE_ANY, NULL);
	assert_string_equal(json_string_value(json), in);
	json_decref(json);
}

static void escapes_are_the_short_ones(void **state unused)
{
	autobuf struct buf b = { 0 };

	buf_add_json(&b, "\"\\\b\f\n\r\t\001\037/\177");
	assert_string_equal(buf_text(&b), "\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f/\177\"");
}

static void consuming_drops_from_the_front(void **state unused)
{
	autobuf struct buf b = { 0 };

	buf_adds(&b, "abcdef");
	buf_consume(&b, 2);
	assert_string_equal(buf_text(&b), "cdef");
	buf_consume(&b, 4);
	assert_string_equal(buf_text(&b), "");
}

static void taken_text_is_the_callers(void **state unused)
{
	struct buf b = { 0 };
	autofree char *text = NULL;
	autofree char *nothing = NULL;

	buf_adds(&b, "mine");
	text = buf_take(&b);
	assert_string_equal(text, "mine");
	assert_null(b.data);
	assert_int_equal(b.len + b.cap, 0);
	nothing = buf_take(&b);
	assert_string_equal(nothing, "");
	buf_fini(&b);
	buf_fini(&b);
}

/*
 * Eight bytes are looked at together: each place in them, each length, each neighbour of what is
 * escaped.
 */
static void an_escape_is_found_wherever_it_stands(void **state unused)
{
	static const struct {
		char c;
		const char *becomes;
	} bytes[] = {
		{ '"', "\\\"" }, { '\\', "\\\\" },   { '\x1f', "\\u001f" }, { '\x01', "\\u0001" },
		{ ' ', " " },    { '!', "!" },       { '#', "#" },          { '[', "[" },
		{ ']', "]" },    { '\x7f', "\x7f" }, { '\xc3', "\xc3" },
	};
	autobuf struct buf b = { 0 };

	for (size_t k = 0; k < ARRAY_SIZE(bytes); k++)
		for (int n = 1; n <= 25; n++)
			for (int at = 0; at < n; at++) {
				char text[32], expected[64];

				memset(text, 'a', sizeof(text));
				text[at] = bytes[k].c;
				text[n] = '\0';
				snprintf(expected, sizeof(expected), "\"%.*s%s%s\"", at, text,
					 bytes[k].becomes, text + at + 1);
				b.len = 0;
				buf_add_json(&b, text);
				assert_string_equal(buf_text(&b), expected);
			}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_buffer_is_empty_text),
		cmocka_unit_test(it_grows_and_keeps_what_is_in_it),
		cmocka_unit_test(reserved_room_is_where_the_next_bytes_go),
		cmocka_unit_test(formats_of_any_length_fit),
		cmocka_unit_test(digits_are_those_of_printf),
		cmocka_unit_test(a_json_string_reads_back),
		cmocka_unit_test(escapes_are_the_short_ones),
		cmocka_unit_test(consuming_drops_from_the_front),
		cmocka_unit_test(taken_text_is_the_callers),
		cmocka_unit_test(an_escape_is_found_wherever_it_stands),
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
