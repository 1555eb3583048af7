/* What is UTF-8 and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/utf8.h"

static void characters_of_each_length_are_measured(void **state unused)
{
	assert_int_equal(utf8_length("a"), 1);
	assert_int_equal(utf8_length("\n"), 1);
	assert_int_equal(utf8_length("\xc3\xa4x"), 2);
	assert_int_equal(utf8_length("\xe2\x82\xac"), 3);
	assert_int_equal(utf8_length("\xf0\x9f\x98\x80"), 4);
	assert_int_equal(utf8_length(""), 0);
}

static void what_rfc_3629_forbids_is_no_character(void **state unused)
{
	static const char *const wrong[] = {
		"\x80",             /* begins nothing */
		"\xc0\x80",         /* overlong */
		"\xc1\xbf",         /* the same */
		"\xe0\x9f\xbf",     /* the same */
		"\xf0\x8f\xbf\xbf", /* the same */
		"\xed\xa0\x80",     /* a surrogate */
		"\xf4\x90\x80\x80", /* above U+10FFFF */
		"\xf5\x80\x80\x80", /* the same */
		"\xff",             /* never */
		"\xe2\x82",         /* cut */
		"\xe2\x82x",        /* the same */
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		assert_int_equal(utf8_length(wrong[i]), 0);
		assert_false(utf8_valid(wrong[i]));
	}
	assert_int_equal(utf8_length("\xed\x9f\xbf"), 3);
	assert_int_equal(utf8_length("\xf4\x8f\xbf\xbf"), 4);
}

static void a_text_is_valid_as_a_whole(void **state unused)
{
	assert_true(utf8_valid(""));
	assert_true(utf8_valid("5 \xe2\x82\xac"));
	assert_false(utf8_valid("5 \xe2\x82\xac\xff"));
}

static void repair_keeps_what_is_right(void **state unused)
{
	char text[] = "\xff\xe2\x82\xac\xe2\x82";

	utf8_repair(text);
	assert_string_equal(text, "?\xe2\x82\xac??");
}

static void noncharacters_are_the_last_of_each_plane_and_a_row(void **state unused)
{
	static const char *const none[] = {
		"\xef\xb7\x90",     /* U+FDD0 */
		"\xef\xb7\xaf",     /* U+FDEF */
		"\xef\xbf\xbe",     /* U+FFFE */
		"\xef\xbf\xbf",     /* U+FFFF */
		"\xf0\x9f\xbf\xbe", /* U+1FFFE */
		"\xf4\x8f\xbf\xbf", /* U+10FFFF */
	};
	static const char *const some[] = {
		"\xef\xb7\x8f",     /* U+FDCF */
		"\xef\xb7\xb0",     /* U+FDF0 */
		"\xef\xbf\xbd",     /* U+FFFD */
		"\xef\xbb\xbf",     /* U+FEFF */
		"\xf0\x9f\xbf\xbd", /* U+1FFFD */
		"\xf0\x9e\xbf\xbe", /* U+1EFFE */
		"",
		"a",
		"\xef\xbf", /* cut */
	};

	for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
		assert_true(utf8_valid(none[i]));
		assert_true(utf8_noncharacter(none[i]));
	}
	for (size_t i = 0; i < ARRAY_SIZE(some); i++)
		assert_false(utf8_noncharacter(some[i]));
}

static void assert_left(const char *cut, const char *expected)
{
	char text[32];

	assert_true(strlen(cut) < sizeof(text));
	strcpy(text, cut);
	utf8_drop_part(text);
	assert_string_equal(text, expected);
}

static void of_a_text_that_was_cut_whole_characters_are_left(void **state unused)
{
	static const char face[] = "\xf0\x9f\x98\x80";

	assert_left("", "");
	assert_left("ab", "ab");
	for (int n = 1; n < 4; n++) {
		autofree char *cut = xasprintf("a%.*s", n, face);

		assert_left(cut, "a");
		assert_left(cut + 1, "");
	}
	assert_left(face, face);
	assert_left("a\xc3", "a");
	assert_left("\xc3\xa4", "\xc3\xa4");
	assert_left("\xe2\x82\xac\xe2\x82", "\xe2\x82\xac");
	assert_left("a\x80\x80\x80\x80", "a\x80\x80\x80\x80"); /* is no part of one */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(characters_of_each_length_are_measured),
		cmocka_unit_test(what_rfc_3629_forbids_is_no_character),
		cmocka_unit_test(a_text_is_valid_as_a_whole),
		cmocka_unit_test(repair_keeps_what_is_right),
		cmocka_unit_test(noncharacters_are_the_last_of_each_plane_and_a_row),
		cmocka_unit_test(of_a_text_that_was_cut_whole_characters_are_left),
	};

	return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
