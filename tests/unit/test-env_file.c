/* Files with variables: what is expected of each is what systemd 252 makes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "lib/env_file.h"
#include "lib/fs.h"

#define MAX_BYTES 100

static const struct {
	const char *text;
	const char *variables; /* joined by | */
} cases[] = {
	/* lines, comments */
	{ "", "" },
	{ "A=1", "A=1" },
	{ "A=1\nB=2\n", "A=1|B=2" },
	{ "\n \n\t\r\nA=1\n\n", "A=1" },
	{ "A=1\r\nB=2\r\n", "A=1|B=2" },
	{ "A=1\rB=2", "A=1|B=2" },
	{ "#A=1\n;A=2\n  # A=3\n\t;A=4\nB=5", "B=5" },
	{ "# goes on \\\nA=1\nB=2", "B=2" },
	{ "# does not \\\\\nA=1", "A=1" },
	{ "# takes the CR alone \\\r\nA=1", "A=1" },
	{ "# ends\rA=1", "A=1" },
	{ "#\\", "" },
	{ "A=1 # 2", "A=1 # 2" },
	{ "A=#1", "A=#1" },
	{ "A=1\nA=2", "A=1|A=2" },
	/* names */
	{ "  A = 1\n\tB\t=\t2", "A=1|B=2" },
	{ "_a9=1", "_a9=1" },
	{ "=1\n==\nA", "" },
	{ "A\n=1\nB\r=2\nC=3", "C=3" },
	{ "9A=1\nA-B=1\nA.B=1\nA B=1\n\fA=1\nB=2", "B=2" },
	{ "export A=\"1\nB=2\"\nC=3", "C=3" },
	{ "\"A\"=1\nB\\=2=3\nC=4", "C=4" },
	{ "\xc3\xa4=1\nA=2", "A=2" },
	{ "\xef\xbb\xbf"
	  "A=1\nB=2",
	  "B=2" },
	/* values without quotes */
	{ "A=", "A=" },
	{ "A= \t \nB=", "A=|B=" },
	{ "A= 1  2 \t", "A=1  2" },
	{ "A= 1  2 \t\r\nB=", "A=1  2|B=" },
	{ "A=b=c", "A=b=c" },
	{ "A=$B ${C} `d`", "A=$B ${C} `d`" },
	{ "A=\v1\f", "A=\v1\f" },
	{ "A=a\"b\"c", "A=a\"b\"c" },
	{ "A=it's\nB='", "A=it's|B=" },
	{ "A=a \"b  \" ", "A=a \"b  \"" },
	{ "A=\\a\\\\b\\\"c\\'d\\$\\#", "A=a\\b\"c'd$#" },
	{ "A=\\ 1\\ \\\t ", "A= 1 \t" },
	{ "A=1\\\n2\\\r3", "A=123" },
	{ "A=1 \\\n  2", "A=1   2" },
	{ "A=1 \\\n  \nB=", "A=1 |B=" },
	{ "A=\\\n 1", "A= 1" },
	{ "A=1\\\r\nB=2", "A=1|B=2" },
	{ "A=1\\\n#2\nB=3", "A=1#2|B=3" },
	{ "A=1 \\", "A=1 " },
	{ "A=\\", "A=" },
	/* values in single quotes */
	{ "A=''", "A=" },
	{ "A=' 1\t'\t", "A= 1\t" },
	{ "A='1\n2\r\n#3'", "A=1\n2\r\n#3" },
	{ "A='\\n\\\n\\'", "A=\\n\\\n\\" },
	{ "A='\"$b`'", "A=\"$b`" },
	{ "A='1\nB=2 ", "A=1\nB=2 " },
	/* values in double quotes */
	{ "A=\"\"", "A=" },
	{ "A=\" 1 \" ", "A= 1 " },
	{ "A=\"1\n2\r\n;3\"\nB=4", "A=1\n2\r\n;3|B=4" },
	{ "A=\"\\\"\\\\\\`\\$\"", "A=\"\\`$" },
	{ "A=\"\\a\\'\\ \\#\"", "A=\\a\\'\\ \\#" },
	{ "A=\"1\\\n2\\\r\n3\"", "A=12\\\r\n3" },
	{ "A=\"it's\"", "A=it's" },
	{ "A=\"1 ", "A=1 " },
	{ "A=\"1\\", "A=1" },
	/* several parts */
	{ "A=\"1\"'2'\"3\"", "A=123" },
	{ "A=\"1 \" \t ' 2' 3 \nB=4", "A=1  23|B=4" },
	{ "A='1' \"2\"3'4' ", "A=123'4'" },
	{ "A='1'\\ 2", "A=1 2" },
	{ "A=''\\\n  2", "A=  2" },
	{ "A=\"1\" # 2", "A=1# 2" },
	/* UTF-8: what is none makes all of it void, but not where nothing is read */
	{ "A=5 \xe2\x82\xac", "A=5 \xe2\x82\xac" },
	{ "A=\x01\x7f\x1b", "A=\x01\x7f\x1b" },
	{ "A=\xef\xbb\xbf", "A=\xef\xbb\xbf" },
	{ "#\xff\n\xff\nA=1", "A=1" },
	{ "A=1\nB=\xff\nC=2", "" },
	{ "A=1\n\xff=1", "" },
	{ "A=1\nno name='\xe2\x82'", "" },
	{ "A=\xed\xa0\x80", "" },
	{ "A=\xef\xbf\xbe", "" },
	{ "A=\xef\xb7\x90", "" },
	{ "A=\xf4\x8f\xbf\xbf", "" },
};

static char *joined(const struct buf *variables)
{
	autobuf struct buf out = { 0 };

	for (size_t i = 0; i + 1 < variables->len; i++)
		buf_addc(&out, variables->data[i] ? variables->data[i] : '|');
	return buf_take(&out);
}

static void what_is_read_is_what_systemd_reads(void **state unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autobuf struct buf out = { 0 };
		autofree char *text = NULL;

		env_file_parse(cases[i].text, &out);
		assert_true(!out.len || !out.data[out.len - 1]);
		text = joined(&out);
		if (strcmp(text, cases[i].variables))
			fail_msg("of '%s': '%s', not '%s'", cases[i].text, text,
				 cases[i].variables);
	}
}

static void what_was_there_before_stays(void **state unused)
{
	autobuf struct buf out = { 0 };

	buf_add(&out, "A=1", sizeof("A=1"));
	env_file_parse("B=2\nC=\xff", &out);
	assert_int_equal(out.len, sizeof("A=1"));
	env_file_parse("B=2", &out);
	assert_memory_equal(out.data, "A=1\0B=2", sizeof("A=1\0B=2"));
}

/* ---- files ---- */

static char path[64];
static struct error e;

static int with_file(void **state unused)
{
	autofd int fd = -EBADF;

	snprintf(path, sizeof(path), "/tmp/test-env_file-XXXXXX");
	fd = mkostemp(path, O_CLOEXEC);
	return fd < 0;
}

static int without_file(void **state unused)
{
	return unlink(path);
}

static void put(const char *text, size_t n)
{
	autofd int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(fs_write_all(fd, text, n), 0);
}

static void assert_reads(const char *expected)
{
	autobuf struct buf out = { 0 };
	autofree char *text = NULL;

	if (env_file_read(path, MAX_BYTES, &out, &e))
		fail_msg("%s", e.text);
	text = joined(&out);
	assert_string_equal(text, expected);
}

static void the_space_around_a_file_is_read_too(void **state unused)
{
	static const char text[] = "\n A='1\n ";

	put(text, strlen(text));
	assert_reads("A=1\n ");
	put("A=\\ ", 4);
	assert_reads("A= ");
}

static void a_file_with_a_nul_has_none(void **state unused)
{
	put("A=1\0B=2", 7);
	assert_reads("");
}

static void a_file_that_is_larger_is_refused_by_name(void **state unused)
{
	autofree char *why = xasprintf("%s: is larger than %d bytes", path, MAX_BYTES);
	autobuf struct buf out = { 0 };

	assert_int_equal(truncate(path, MAX_BYTES + 1), 0);
	assert_int_equal(env_file_read(path, MAX_BYTES, &out, &e), -EFBIG);
	assert_string_equal(e.text, why);
	assert_int_equal(out.len, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, with_file, without_file)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_read_is_what_systemd_reads),
		cmocka_unit_test(what_was_there_before_stays),
		TEST(the_space_around_a_file_is_read_too),
		TEST(a_file_with_a_nul_has_none),
		TEST(a_file_that_is_larger_is_refused_by_name),
	};

	return cmocka_run_group_tests_name("env_file", tests, NULL, NULL);
}
