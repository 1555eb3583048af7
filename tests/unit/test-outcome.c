/* What the agent makes of the file in which its supervisor said how a container ended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include <fcntl.h>

#include "lib/fs.h"
#include "lib/outcome.h"

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static const char exited[] = "{\"type\":\"EXITED\",\"exited\":{\"status\":9,\"left\":2}}\n";

struct place {
	char dir[32];
	char *path;
};

static int set_up(void **state)
{
	struct place *p = xcalloc(1, sizeof(*p));

	strcpy(p->dir, "/tmp/test-outcome-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	p->path = path_join(p->dir, "record");
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;
	struct error e;

	fs_remove_tree(AT_FDCWD, p->dir, &e);
	free(p->path);
	free(p);
	return 0;
}

/* A block of zeros that holds data at offset. */
static void put(const struct place *p, size_t offset, const char *data, size_t len)
{
	autofd int fd = open(p->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_int_equal(ftruncate(fd, OUTCOME_BYTES), 0);
	assert_int_equal(pwrite(fd, data, len, (off_t)offset), len);
}

static void put_text(const struct place *p, const char *text)
{
	put(p, 0, text, strlen(text));
}

static void expect_error(const struct place *p, int code, const char *words)
{
	struct message m = { 0 };
	struct error e = { 0 };

	assert_int_equal(outcome_read(p->path, &m, &e), -code);
	assert_int_equal(e.code, code);
	assert_null(m.body);
	if (!strstr(e.text, words) || !strstr(e.text, p->path))
		fail_msg("'%s' does not say '%s' of %s", e.text, words, p->path);
}

static void the_line_of_an_exit_is_read(void **state)
{
	struct place *p = *state;
	automessage struct message m = { 0 };
	const struct container_exited *body;
	struct error e;

	put_text(p, exited);
	assert_int_equal(outcome_read(p->path, &m, &e), 0);
	assert_int_equal(m.type, SUPERVISOR_EXITED);
	body = m.body;
	assert_int_equal(body->status, 9);
	assert_int_equal(body->left, 2);
}

static void the_longest_failure_is_read(void **state)
{
	struct place *p = *state;
	automessage struct message m = { 0 };
	autobuf struct buf line = { 0 };
	struct error e, longest = { 0 };

	memset(longest.text, '"', sizeof(longest.text) - 1);
	message_encode(&line, SUPERVISOR_FAILED, NULL, NULL,
		       &(struct container_failed){ .message = longest.text });
	put(p, 0, line.data, line.len);
	assert_int_equal(outcome_read(p->path, &m, &e), 0);
	assert_int_equal(m.type, SUPERVISOR_FAILED);
	assert_string_equal(((struct container_failed *)m.body)->message, longest.text);
}

static void a_missing_file_is_told_from_the_rest(void **state)
{
	expect_error(*state, ENOENT, "No such file");
}

static void a_reserved_block_is_no_outcome(void **state)
{
	put_text(*state, "");
	expect_error(*state, ENODATA, "no outcome was written");
}

static void half_a_line_is_no_outcome(void **state)
{
	put(*state, 0, exited, sizeof(exited) - 2);
	expect_error(*state, ENODATA, "no outcome was written");
}

static void the_end_of_a_line_without_its_beginning_is_no_outcome(void **state)
{
	put(*state, 20, exited + 20, sizeof(exited) - 1 - 20);
	expect_error(*state, ENODATA, "no outcome was written");
}

static void an_empty_file_is_no_outcome(void **state)
{
	struct place *p = *state;

	put_text(p, "");
	assert_int_equal(truncate(p->path, 0), 0);
	expect_error(p, ENODATA, "no outcome was written");
}

static void another_message_is_no_outcome(void **state)
{
	put_text(*state, "{\"type\":\"STARTED\"}\n");
	expect_error(*state, EBADMSG, "STARTED is no outcome");
}

static void a_message_of_another_language_is_no_outcome(void **state)
{
	put_text(*state, "{\"type\":\"PONG\",\"pong\":{}}\n");
	expect_error(*state, EBADMSG, "'PONG' is not known here");
}

static void a_line_that_is_no_message_is_no_outcome(void **state)
{
	put_text(*state, "nonsense\n");
	expect_error(*state, EBADMSG, "not a JSON object");
}

static void a_symbolic_link_is_not_followed(void **state)
{
	struct place *p = *state;
	autofree char *elsewhere = path_join(p->dir, "elsewhere");

	put_text(p, exited);
	assert_int_equal(rename(p->path, elsewhere), 0);
	assert_int_equal(symlink(elsewhere, p->path), 0);
	expect_error(p, ELOOP, "open");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_line_of_an_exit_is_read),
		TEST(the_longest_failure_is_read),
		TEST(a_missing_file_is_told_from_the_rest),
		TEST(a_reserved_block_is_no_outcome),
		TEST(half_a_line_is_no_outcome),
		TEST(the_end_of_a_line_without_its_beginning_is_no_outcome),
		TEST(an_empty_file_is_no_outcome),
		TEST(another_message_is_no_outcome),
		TEST(a_message_of_another_language_is_no_outcome),
		TEST(a_line_that_is_no_message_is_no_outcome),
		TEST(a_symbolic_link_is_not_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
