/* What a terminal is given: nothing that it would obey, in straight columns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tools/terminal.h"

static void assert_shown(const char *text, const char *shown)
{
	autobuf struct buf out = { 0 };

	printable_add(&out, text);
	assert_string_equal(buf_text(&out), shown);
}

static void ordinary_text_stays(void **state unused)
{
	assert_shown("", "");
	assert_shown("dd if=/dev/zero \\ ~", "dd if=/dev/zero \\ ~");
	assert_shown("Grüße, 世界 \xf0\x9f\x98\x80", "Grüße, 世界 \xf0\x9f\x98\x80");
}

static void control_characters_are_escaped(void **state unused)
{
	assert_shown("a\nb\tc", "a\\nb\\tc");
	assert_shown("\x1b[2J\r\x7f", "\\x1b[2J\\x0d\\x7f");
	assert_shown("\xc2\x9b"
		     "31m",
		     "\\x9b31m");
}

static void what_turns_the_direction_of_writing_is_escaped(void **state unused)
{
	assert_shown("a\xe2\x80\xae"
		     "b",
		     "a\\u202eb");
	assert_shown("\xe2\x81\xa6", "\\u2066");
}

static void broken_utf8_does_not_run_over_the_end(void **state unused)
{
	assert_shown("\xff", "\\ufffd");
	assert_shown("\xe2\x80", "\\ufffd\\ufffd");
	assert_shown("\xf0", "\\ufffd");
	assert_shown("\xc0\x9b", "\\ufffd\\ufffd"); /* overlong escape */
}

static void columns_are_as_wide_as_their_widest_cell(void **state unused)
{
	static const struct column columns[] = { { .title = "NAME" },
						 { .title = "USED", .right = true },
						 { .title = "STATE" } };
	struct table t = { .columns = columns, .width = ARRAY_SIZE(columns) };
	autobuf struct buf out = { 0 };

	table_add(&t, xstrdup("größer"), NULL);
	table_add(&t, xstrdup("1"), NULL);
	table_add(&t, xstrdup("ok"), COLOUR_GREEN);
	table_add(&t, xstrdup("a\n"), NULL);
	table_add(&t, xstrdup("12345"), NULL);
	table_add(&t, xstrdup("over"), NULL);
	table_print(&t, &out);
	assert_string_equal(buf_text(&out), "NAME     USED  STATE\n"
					    "größer      1  \033[32mok\033[0m\n"
					    "a\\n     12345  over\n");
	table_fini(&t);
}

/* An ideograph, an accent that goes on the e before it, an emoji, and what is no character yet. */
static void columns_are_counted_as_a_terminal_does(void **state unused)
{
	static const struct column columns[] = { { .title = "NAME" }, { .title = "STATE" } };
	struct table t = { .columns = columns, .width = ARRAY_SIZE(columns) };
	autobuf struct buf out = { 0 };

	table_add(&t, xstrdup("世界e\u0301"), NULL);
	table_add(&t, xstrdup("ok"), NULL);
	table_add(&t, xstrdup("\U0001f600"), NULL);
	table_add(&t, xstrdup("ok"), NULL);
	table_add(&t, xstrdup("12345678"), NULL);
	table_add(&t, xstrdup("ok"), NULL);
	table_add(&t, xstrdup("\U000e0fff"), NULL);
	table_add(&t, xstrdup("ok"), NULL);
	table_print(&t, &out);
	assert_string_equal(buf_text(&out), "NAME      STATE\n"
					    "世界e\u0301     ok\n"
					    "\U0001f600        ok\n"
					    "12345678  ok\n"
					    "\U000e0fff         ok\n");
	table_fini(&t);
}

/* ---- room ---- */

static const struct column narrow[] = {
	{ .title = "NAME", .id = true },
	{ .title = "OWNER", .id = true },
	{ .title = "USED", .right = true, .spare = 1 },
	{ .title = "STATE" },
	{ .title = "WORDS", .spare = 2 },
};

static void assert_fits(unsigned room, const char *expected)
{
	struct table t = { .columns = narrow, .width = ARRAY_SIZE(narrow), .room = room };
	autobuf struct buf out = { 0 };

	table_add(&t, xstrdup("größer-als-alle"), NULL);
	table_add(&t, xstrdup("somebody-else"), COLOUR_GREEN);
	table_add(&t, xstrdup("12345"), NULL);
	table_add(&t, xstrdup("ok"), NULL);
	table_add(&t, xstrdup("of many"), NULL);
	table_print(&t, &out);
	assert_string_equal(buf_text(&out), expected);
	table_fini(&t);
}

static void where_there_is_room_all_of_it_is_shown(void **state unused)
{
	static const char all[] = "NAME             OWNER           USED  STATE  WORDS\n"
				  "größer-als-alle  \033[32msomebody-else\033[0m  12345  ok     "
				  "of many\n";

	assert_fits(0, all);
	assert_fits(53, all);
}

static void the_widest_ids_are_shortened_first(void **state unused)
{
	assert_fits(52, "NAME            OWNER           USED  STATE  WORDS\n"
			"größer-als-al…  \033[32msomebody-else\033[0m  12345  "
			"ok     of many\n");
	assert_fits(41, "NAME      OWNER      USED  STATE  WORDS\n"
			"größer-…  \033[32msomebod…\033[0m  12345  ok     of many\n");
}

static void what_is_least_worth_is_left_out_before_ids_are_too_short(void **state unused)
{
	assert_fits(40, "NAME          OWNER          USED  STATE\n"
			"größer-als-…  \033[32msomebody-el…\033[0m  12345  ok\n");
	assert_fits(29, "NAME        OWNER       STATE\n"
			"größer-al…  \033[32msomebody-…\033[0m  ok\n");
}

static void what_cannot_fit_is_as_narrow_as_it_can_be(void **state unused)
{
	assert_fits(1, "NAME      OWNER     STATE\n"
		       "größer-…  \033[32msomebod…\033[0m  ok\n");
}

static void half_of_a_wide_character_is_none(void **state unused)
{
	static const struct column columns[] = { { .title = "NAME", .id = true },
						 { .title = "STATE" } };
	struct table t = { .columns = columns, .width = ARRAY_SIZE(columns), .room = 15 };
	autobuf struct buf out = { 0 };

	table_add(&t, xstrdup("世界世界世界"), NULL);
	table_add(&t, xstrdup("ok"), NULL);
	table_print(&t, &out);
	assert_string_equal(buf_text(&out), "NAME      STATE\n"
					    "世界世…   ok\n");
	table_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ordinary_text_stays),
		cmocka_unit_test(control_characters_are_escaped),
		cmocka_unit_test(what_turns_the_direction_of_writing_is_escaped),
		cmocka_unit_test(broken_utf8_does_not_run_over_the_end),
		cmocka_unit_test(columns_are_as_wide_as_their_widest_cell),
		cmocka_unit_test(columns_are_counted_as_a_terminal_does),
		cmocka_unit_test(where_there_is_room_all_of_it_is_shown),
		cmocka_unit_test(the_widest_ids_are_shortened_first),
		cmocka_unit_test(what_is_least_worth_is_left_out_before_ids_are_too_short),
		cmocka_unit_test(what_cannot_fit_is_as_narrow_as_it_can_be),
		cmocka_unit_test(half_of_a_wide_character_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
