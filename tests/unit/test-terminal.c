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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ordinary_text_stays),
		cmocka_unit_test(control_characters_are_escaped),
		cmocka_unit_test(what_turns_the_direction_of_writing_is_escaped),
		cmocka_unit_test(broken_utf8_does_not_run_over_the_end),
		cmocka_unit_test(columns_are_as_wide_as_their_widest_cell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
