/* Paths, whole files and trees, in a directory of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "lib/fs.h"

static char *dir;
static struct error e;

/* ---- who makes files while a tree is removed ---- */

static int filled = -1; /* a directory that somebody has open; -1: nobody */
static uid_t filler;
static unsigned fillings; /* that are still to come: a removal without end fails, too */

static void fill(void)
{
	uid_t we = geteuid();
	int fd;

	if (filled < 0 || !fillings)
		return;
	fillings--;
	assert_int_equal(seteuid(filler), 0);
	fd = openat(filled, "new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(seteuid(we), 0);
	close_fd(&fd);
}

/* In place of glibc's: a file is there again whenever a directory could be empty, and one stays. */
int unlinkat(int at, const char *name, int flags)
{
	if (!strcmp(name, "stuck")) {
		errno = EACCES;
		return -1;
	}
	if (flags & AT_REMOVEDIR)
		fill();
	return (int)syscall(SYS_unlinkat, at, name, flags);
}

static int setup(void **state unused)
{
	dir = xasprintf("%s/test-fs.XXXXXX", getenv("TMPDIR") ?: "/tmp");
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state unused)
{
	int r = fs_remove_tree(AT_FDCWD, dir, &e);

	free(take_ptr(dir));
	return r;
}

static char *in_dir(const char *name)
{
	return path_join(dir, name);
}

static void make_file(const char *name, const char *text)
{
	autofree char *path = in_dir(name);
	autofd int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fs_write_all(fd, text, strlen(text)), 0);
}

static bool exists(const char *name)
{
	autofree char *path = in_dir(name);
	struct stat st;

	return !lstat(path, &st);
}

static void make_dirs(const char *name)
{
	autofree char *path = in_dir(name);

	assert_int_equal(fs_mkdirs(path, 0700, &e), 0);
}

static void assert_plain(const char *path, const char *expected)
{
	autofree char *plain = path_plain(path);

	assert_string_equal(plain, expected);
}

static void slashes_that_say_nothing_are_left_out(void **state unused)
{
	assert_plain("/", "/");
	assert_plain("///", "/");
	assert_plain("/a/b", "/a/b");
	assert_plain("//a///b//", "/a/b");
	assert_plain("a//b/", "a/b");
	assert_plain("", "");
}

static void every_missing_directory_is_made(void **state unused)
{
	make_dirs("a/b//c/");
	assert_true(exists("a/b/c"));
	make_dirs("a/b/c");
	assert_int_equal(fs_mkdirs("/", 0700, &e), 0);
}

static void a_file_in_the_way_is_no_directory(void **state unused)
{
	autofree char *path = in_dir("file");
	autofree char *below = in_dir("file/x");
	autofree char *link = in_dir("link");

	make_file("file", "");
	assert_int_equal(fs_mkdirs(path, 0700, &e), -ENOTDIR);
	assert_int_equal(fs_mkdirs(below, 0700, &e), -ENOTDIR);
	assert_true(str_starts(e.text, "create directory /"));
	assert_int_equal(symlink("nowhere", link), 0);
	assert_int_equal(fs_mkdirs(link, 0700, &e), -ENOENT);
	assert_int_equal(fs_mkdirs("", 0700, &e), -ENOENT);
}

static void a_file_is_appended_up_to_the_limit(void **state unused)
{
	autofree char *path = in_dir("file");
	autobuf struct buf text = { 0 };

	make_file("file", "hello");
	buf_adds(&text, "> ");
	assert_int_equal(fs_read(path, 5, &text, &e), 0);
	assert_string_equal(buf_text(&text), "> hello");
	assert_int_equal(fs_read(path, 4, &text, &e), -EFBIG);
	assert_non_null(strstr(e.text, "larger than 4 bytes"));
	assert_string_equal(buf_text(&text), "> hello");
}

static void what_cannot_be_read_says_why(void **state unused)
{
	autofree char *path = in_dir("none");
	autobuf struct buf text = { 0 };

	assert_int_equal(fs_read(path, 10, &text, &e), -ENOENT);
	assert_true(str_starts(e.text, "open /"));
	assert_int_equal(fs_read(dir, 10, &text, &e), -EISDIR);
	assert_true(str_starts(e.text, "read /"));
	assert_int_equal(text.len, 0);
}

static void a_long_write_goes_out_in_whole(void **state unused)
{
	autofree char *path = in_dir("long");
	autofree char *data = xcalloc(1, 3 * MIB);
	autobuf struct buf text = { 0 };
	autofd int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	memset(data, 'x', 3 * MIB);
	assert_int_equal(fs_write_all(fd, data, 3 * MIB), 0);
	assert_int_equal(fs_read(path, 3 * MIB, &text, &e), 0);
	assert_int_equal(text.len, 3 * MIB);
	assert_memory_equal(text.data, data, text.len);
	assert_int_equal(fs_write_all(-1, data, 1), -EBADF);
	assert_int_equal(fs_write_all(-1, data, 0), 0);
}

static void a_tree_is_removed_with_all_that_is_in_it(void **state unused)
{
	autofree char *fifo = in_dir("t/a/fifo");

	make_dirs("t/a/b/c/d");
	make_dirs("t/empty");
	make_file("t/file", "x");
	make_file("t/a/b/.hidden", "x");
	assert_int_equal(mkfifo(fifo, 0600), 0);
	make_file("kept", "x");
	{
		autofd int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		assert_int_equal(fs_remove_tree(fd, "t", &e), 0);
		assert_int_equal(fs_remove_tree(fd, "t", &e), 0);
	}
	assert_false(exists("t"));
	assert_true(exists("kept"));
}

static void a_tree_of_any_depth_is_removed(void **state unused)
{
	autofd int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (int i = 0; i < 3000; i++) {
		int child;

		assert_int_equal(mkdirat(fd, "deep", 0700), 0);
		child = openat(fd, "deep", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close_fd(&fd);
		fd = child;
	}
	close_fd(&fd);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(fs_remove_tree(fd, "deep", &e), 0);
	assert_false(exists("deep"));
}

/* A name per directory that the removal will want to lift. */
static void names_that_the_removal_wants_may_be_taken(void **state unused)
{
	for (int i = 0; i < 5; i++) {
		autofree char *taken = xasprintf("t/.removing-%d-%d/full/full", (int)getpid(), i);
		autofree char *file = xasprintf("t/.removing-%d-%d", (int)getpid(), i + 5);

		make_dirs(taken);
		make_file(file, "x");
	}
	make_dirs("t/a/b/c/d");
	{
		autofd int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		assert_int_equal(fs_remove_tree(fd, "t", &e), 0);
	}
	assert_false(exists("t"));
}

static void removal_never_follows_a_symbolic_link(void **state unused)
{
	autofree char *inner = in_dir("t/out");
	autofree char *outer = in_dir("link");

	make_dirs("kept");
	make_dirs("t");
	make_file("kept/file", "x");
	assert_int_equal(symlink("../kept", inner), 0);
	assert_int_equal(symlink("kept", outer), 0);
	{
		autofd int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		assert_int_equal(fs_remove_tree(fd, "t", &e), 0);
		assert_int_equal(fs_remove_tree(fd, "link", &e), 0);
	}
	assert_false(exists("t") || exists("link"));
	assert_true(exists("kept/file"));
}

/* Root is let in everywhere: as root the test is somebody else for a moment. */
static void a_directory_that_its_owner_closed_is_removed_by_him(void **state unused)
{
	const uid_t other = 65534;
	bool root = !geteuid();
	int r;

	if (root) {
		assert_int_equal(chown(dir, other, other), 0);
		assert_int_equal(seteuid(other), 0);
	}
	make_dirs("t/shut/a/b");
	make_dirs("t/read/a");
	make_file("t/read/file", "x");
	for (const char *const *name =
		     (const char *const[]){ "t/shut/a", "t/shut", "t/read", "t", NULL };
	     *name; name++) {
		autofree char *path = in_dir(*name);

		assert_int_equal(chmod(path, strstr(path, "read") ? 0400 : 0), 0);
	}
	{
		autofd int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		r = fs_remove_tree(fd, "t", &e);
	}
	if (root)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(r, 0);
	assert_false(exists("t"));
}

static void a_removal_that_is_stopped_leaves_the_rest(void **state unused)
{
	autofd int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	atomic_bool stop = true;

	make_dirs("t/a");
	assert_int_equal(fs_remove_tree_unless(fd, "t", &stop, &e), -ECANCELED);
	assert_true(exists("t/a"));
	stop = false;
	assert_int_equal(fs_remove_tree_unless(fd, "t", &stop, &e), 0);
	assert_false(exists("t"));
}

static void what_does_not_go_keeps_nothing_else(void **state unused)
{
	autofd int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autofree char *stuck = in_dir("t/stuck"), *loose = in_dir("t/loose");

	make_dirs("t/deep/a/b/c");
	make_file("t/stuck", "x");
	make_file("t/file", "x");
	assert_int_equal(fs_remove_tree(fd, "t", &e), -EACCES);
	assert_string_equal(e.text, "t: remove stuck: Permission denied");
	assert_true(exists("t/stuck") && !exists("t/deep") && !exists("t/file"));
	assert_int_equal(rename(stuck, loose), 0);
	assert_int_equal(fs_remove_tree(fd, "t", &e), 0);
}

static int remove_while_filled(const char *name, uid_t by)
{
	autofd int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autofree char *path = in_dir(name);
	int r;

	filled = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(filled >= 0);
	filler = by;
	fillings = 1000000;
	r = fs_remove_tree(fd, "t", &e);
	close_fd(&filled);
	filled = -1;
	return r;
}

static void a_tree_that_is_filled_as_fast_is_left(void **state unused)
{
	make_dirs("t/sub/deep");
	assert_int_equal(remove_while_filled("t/sub", geteuid()), -EBUSY);
	assert_string_equal(
		e.text,
		"t: it is not empty after 20000 passes: somebody makes files in it as fast as "
		"they are removed, or it is very deep");
	assert_true(exists("t"));
}

/* Who is not root has nobody to take it from. */
static void a_directory_is_taken_from_who_goes_on_making_files_in_it(void **state unused)
{
	const uid_t other = geteuid() ? geteuid() : 65534;
	autofree char *path = in_dir("t/sub");

	make_dirs("t/sub/deep");
	assert_int_equal(chown(path, other, (gid_t)-1), 0);
	assert_int_equal(chmod(path, 0777), 0);
	assert_int_equal(remove_while_filled("t/sub", other), geteuid() ? -EBUSY : 0);
	assert_true(exists("t") == (geteuid() != 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slashes_that_say_nothing_are_left_out),
		cmocka_unit_test_setup_teardown(every_missing_directory_is_made, setup, teardown),
		cmocka_unit_test_setup_teardown(a_file_in_the_way_is_no_directory, setup, teardown),
		cmocka_unit_test_setup_teardown(a_file_is_appended_up_to_the_limit, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_cannot_be_read_says_why, setup, teardown),
		cmocka_unit_test_setup_teardown(a_long_write_goes_out_in_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(a_tree_is_removed_with_all_that_is_in_it, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_tree_of_any_depth_is_removed, setup, teardown),
		cmocka_unit_test_setup_teardown(names_that_the_removal_wants_may_be_taken, setup,
						teardown),
		cmocka_unit_test_setup_teardown(removal_never_follows_a_symbolic_link, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_directory_that_its_owner_closed_is_removed_by_him,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_removal_that_is_stopped_leaves_the_rest, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_does_not_go_keeps_nothing_else, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_tree_that_is_filled_as_fast_is_left, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			a_directory_is_taken_from_who_goes_on_making_files_in_it, setup, teardown),
	};

	return cmocka_run_group_tests_name("fs", tests, NULL, NULL);
}
