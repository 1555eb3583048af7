/* Errors: their words, their length, and that strangers' bytes do no harm in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/error.h"

static void our_own_words_come_with_a_code(void **state unused)
{
	struct error e;

	assert_int_equal(error_set(&e, EINVAL, "%s is %d", "x", 7), -EINVAL);
	assert_int_equal(e.code, EINVAL);
	assert_string_equal(e.text, "x is 7");
}

static void errno_adds_its_text(void **state unused)
{
	struct error e;

	errno = ENOENT;
	assert_int_equal(error_sys(&e, "open %s", "/x"), -ENOENT);
	assert_int_equal(e.code, ENOENT);
	assert_string_equal(e.text, "open /x: No such file or directory");
}

static void a_failure_without_errno_is_still_one(void **state unused)
{
	struct error e;

	errno = 0;
	assert_int_equal(error_sys(&e, "read"), -EIO);
}

static void wrapping_puts_words_in_front_and_keeps_the_code(void **state unused)
{
	struct error e;

	error_set(&e, ENOSPC, "full");
	assert_int_equal(error_wrap(&e, "write %s", "/x"), -ENOSPC);
	assert_int_equal(error_wrap(&e, "task %d", 3), -ENOSPC);
	assert_int_equal(e.code, ENOSPC);
	assert_string_equal(e.text, "task 3: write /x: full");
}

static void long_words_are_cut_and_terminated(void **state unused)
{
	char words[sizeof(((struct error *)0)->text) + 500];
	struct error e;

	memset(words, 'x', sizeof(words) - 1);
	words[sizeof(words) - 1] = '\0';
	error_set(&e, EINVAL, "%s", words);
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
	error_wrap(&e, "here");
	assert_true(str_starts(e.text, "here: xxx"));
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
	error_wrap(&e, "%s", words);
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
	errno = EPERM;
	error_sys(&e, "%s", words);
	assert_int_equal(e.code, EPERM);
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
}

static void assert_reads(const char *in, const char *out)
{
	struct error e;

	error_set(&e, EINVAL, "%s", in);
	assert_string_equal(e.text, out);
}

static void utf8_stays_and_what_breaks_a_line_does_not(void **state unused)
{
	assert_reads("b\303\244r \342\202\254 \360\237\230\200",
		     "b\303\244r \342\202\254 \360\237\230\200");
	assert_reads("a\nb\tc\rd\033[0m\177", "a?b?c?d?[0m?");
	assert_reads("\377\300\200", "???");      /* no UTF-8 at all, overlong */
	assert_reads("\355\240\200", "???");      /* a surrogate */
	assert_reads("\340\200\200", "???");      /* overlong in three */
	assert_reads("\360\200\200\200", "????"); /* overlong in four */
	assert_reads("\364\220\200\200", "????"); /* beyond U+10FFFF */
	assert_reads("end \342\202", "end ??");   /* cut */
	assert_reads("\302a", "?a");
}

static void a_character_that_the_end_cuts_becomes_question_marks(void **state unused)
{
	char words[sizeof(((struct error *)0)->text) + 1];
	struct error e;

	memset(words, 'x', sizeof(words) - 1);
	words[sizeof(words) - 1] = '\0';
	memcpy(words + sizeof(words) - 3, "\303\244", 2);
	error_set(&e, EINVAL, "%s", words);
	assert_int_equal(e.text[sizeof(e.text) - 2], '?');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_own_words_come_with_a_code),
		cmocka_unit_test(errno_adds_its_text),
		cmocka_unit_test(a_failure_without_errno_is_still_one),
		cmocka_unit_test(wrapping_puts_words_in_front_and_keeps_the_code),
		cmocka_unit_test(long_words_are_cut_and_terminated),
		cmocka_unit_test(utf8_stays_and_what_breaks_a_line_does_not),
		cmocka_unit_test(a_character_that_the_end_cuts_becomes_question_marks),
	};

	return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
