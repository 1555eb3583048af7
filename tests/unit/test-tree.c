/* Descendants, in a /proc made of files and among real processes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "lib/tree.h"
#include "lib/fs.h"

#define ROOT 100

struct host {
	char dir[32]; /* stands for /proc */
	int proc;
	struct tree tree;
};

static int set_up(void **state)
{
	struct host *h = xcalloc(1, sizeof(*h));

	strcpy(h->dir, "/tmp/test-tree-XXXXXX");
	assert_non_null(mkdtemp(h->dir));
	h->proc = open(h->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	tree_init(&h->tree, h->proc, ROOT);
	*state = h;
	return 0;
}

static int tear_down(void **state)
{
	struct host *h = *state;
	struct error e;

	tree_fini(&h->tree);
	close_fd(&h->proc);
	fs_remove_tree(AT_FDCWD, h->dir, &e);
	free(h);
	return 0;
}

static void write_file(const struct host *h, const char *dir, const char *name, const char *text)
{
	autofree char *path = xasprintf("%s/%s", h->dir, dir);
	autofree char *file = path_join(path, name);
	struct error e;
	autofd int fd = -EBADF;

	assert_int_equal(fs_mkdirs(path, 0777, &e), 0);
	fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	assert_int_equal(fs_write_all(fd, text, strlen(text)), 0);
}

static void process(const struct host *h, int pid, int parent, int start, const char *name)
{
	autofree char *dir = xasprintf("%d", pid);
	autofree char *text = xasprintf("%d (%s) S %d 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 %d 9 9\n",
					pid, name, parent, start);

	write_file(h, dir, "stat", text);
}

static void children(const struct host *h, int pid, int tid, const char *list)
{
	autofree char *dir = xasprintf("%d/task/%d", pid, tid);

	write_file(h, dir, "children", list);
}

/* The pids that are found, in ascending order: "101 102". */
static void expect(struct host *h, const char *pids)
{
	autobuf struct buf found = { 0 };

	tree_find(&h->tree);
	for (size_t i = 0; i < h->tree.count; i++)
		buf_addf(&found, "%s%d", i ? " " : "", h->tree.list[i].pid);
	assert_string_equal(buf_text(&found), pids);
}

/* ---- a kernel without lists of children ---- */

static void strangers_are_not_found(void **state)
{
	struct host *h = *state;

	process(h, 1, 0, 1, "init");
	process(h, ROOT, 1, 5, "root");
	process(h, 101, 1, 6, "brother");
	process(h, 102, 101, 7, "nephew");
	expect(h, "");
}

static void descendants_are_found_by_their_parents(void **state)
{
	struct host *h = *state;

	process(h, ROOT, 1, 5, "root");
	process(h, 101, ROOT, 6, "child");
	process(h, 102, 101, 7, "grandchild");
	process(h, 7, 102, 8, "pids wrapped around");
	process(h, 3, 7, 9, "and again");
	expect(h, "3 7 101 102");
}

static void a_name_cannot_pretend_to_be_the_rest(void **state)
{
	struct host *h = *state;

	process(h, 101, 1, 6, "x) S 100 1 1");
	process(h, 102, ROOT, 6, ") R 1 (\n(");
	expect(h, "102");
}

static void a_parent_younger_than_its_child_is_not_its_parent(void **state)
{
	struct host *h = *state;

	process(h, 101, ROOT, 9, "young");
	process(h, 102, 101, 8, "of one that had pid 101 before");
	expect(h, "101");
}

static void a_process_that_cannot_be_read_is_passed_over(void **state)
{
	struct host *h = *state;

	write_file(h, "101", "stat", "");
	write_file(h, "102", "stat", "102 (cut) S 100 1");
	write_file(h, "103", "status", "no stat");
	process(h, 104, ROOT, 6, "good");
	expect(h, "104");
}

/* ---- a kernel with lists of children ---- */

static void children_of_every_thread_are_found(void **state)
{
	struct host *h = *state;

	children(h, ROOT, ROOT, "101 102 ");
	children(h, 101, 101, "");
	children(h, 101, 111, "103 ");
	process(h, 101, ROOT, 6, "a");
	process(h, 102, ROOT, 6, "b");
	process(h, 103, 101, 6, "c");
	expect(h, "101 102 103");
}

static void where_there_are_lists_no_other_process_is_looked_at(void **state)
{
	struct host *h = *state;

	children(h, ROOT, ROOT, "101 ");
	process(h, 101, ROOT, 6, "a");
	process(h, 102, ROOT, 6, "not in the list");
	expect(h, "101");
}

static void a_child_that_is_gone_or_became_another_is_passed_over(void **state)
{
	struct host *h = *state;

	children(h, ROOT, ROOT, "101 102 103 ");
	process(h, 102, 1, 6, "a stranger on its pid");
	process(h, 103, ROOT, 6, "still there");
	expect(h, "103");
}

static void a_long_list_is_read_to_its_end(void **state)
{
	struct host *h = *state;
	autobuf struct buf list = { 0 };

	for (int pid = 100001; pid <= 102000; pid++) {
		buf_addf(&list, "%d ", pid);
		process(h, pid, ROOT, 6, "one of many");
	}
	children(h, ROOT, ROOT, buf_text(&list));
	tree_find(&h->tree);
	assert_int_equal(h->tree.count, 2000);
	for (size_t i = 0; i < 2000; i++)
		assert_int_equal(h->tree.list[i].pid, 100001 + i);
}

static void finding_again_forgets_what_was_found(void **state)
{
	struct host *h = *state;

	process(h, 101, ROOT, 6, "a");
	expect(h, "101");
	process(h, 101, 1, 9, "another");
	expect(h, "");
}

/* ---- real processes ---- */

/* A chain of `depth` processes; says over `ready` that it is complete. */
static pid_t make_chain(int depth, int ready)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	signal(SIGTERM, SIG_DFL);
	if (setsid() < 0 || (depth == 1 && write(ready, "", 1) != 1))
		_exit(1);
	if (depth > 1)
		make_chain(depth - 1, ready);
	for (;;)
		pause();
}

static void expect_all_end(int n, int sig)
{
	int status;

	for (int i = 0; i < n; i++) {
		assert_true(waitpid(-1, &status, 0) > 0);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), sig);
	}
	assert_int_equal(waitpid(-1, &status, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void chain_ends_by(bool kill_it, int sig)
{
	autofd int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup(tree_fini) struct tree t;
	int ready[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = make_chain(5, ready[1]);
	assert_true(pid > 0);
	assert_int_equal(read(ready[0], &c, 1), 1);
	tree_init(&t, proc, getpid());
	tree_find(&t);
	assert_int_equal(t.count, 5);
	if (kill_it)
		tree_kill(&t, pid);
	else
		tree_signal(&t, sig);
	expect_all_end(5, sig);
	tree_find(&t);
	assert_int_equal(t.count, 0);
	close_fd(&ready[0]);
	close_fd(&ready[1]);
}

static void a_signal_reaches_a_chain_of_sessions(void **state unused)
{
	chain_ends_by(false, SIGTERM);
}

static void killing_ends_a_chain_of_sessions(void **state unused)
{
	chain_ends_by(true, SIGKILL);
}

static void without_descendants_nothing_is_signalled(void **state unused)
{
	autofd int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup(tree_fini) struct tree t;

	tree_init(&t, proc, getpid());
	tree_kill(&t, 0);
	tree_signal(&t, SIGKILL);
	assert_int_equal(t.count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(strangers_are_not_found),
		TEST(descendants_are_found_by_their_parents),
		TEST(a_name_cannot_pretend_to_be_the_rest),
		TEST(a_parent_younger_than_its_child_is_not_its_parent),
		TEST(a_process_that_cannot_be_read_is_passed_over),
		TEST(children_of_every_thread_are_found),
		TEST(where_there_are_lists_no_other_process_is_looked_at),
		TEST(a_child_that_is_gone_or_became_another_is_passed_over),
		TEST(a_long_list_is_read_to_its_end),
		TEST(finding_again_forgets_what_was_found),
		cmocka_unit_test(a_signal_reaches_a_chain_of_sessions),
		cmocka_unit_test(killing_ends_a_chain_of_sessions),
		cmocka_unit_test(without_descendants_nothing_is_signalled),
	};

	if (prctl(PR_SET_CHILD_SUBREAPER, 1))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
