/* Trees that are given to a project, and looked at, where the kernel's projects are a table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "agent/disk/label.h"
#include "agent/disk/visit.h"
#include "tests/unit/inodes.h"
#include "tests/unit/place.h"

enum { PROJECT = 5 };

static struct error e;

/* ---- the kernel ---- */

static void (*before_set)(int fd);
static uint64_t room_bytes, room_inodes;  /* what the project has */
static uint64_t grown_bytes, made_inodes; /* of a task, between the look at a file and the try */
static unsigned tries;

int project_set(int fd, const struct project *p)
{
	struct stat st;

	if (before_set)
		before_set(fd);
	tries++;
	assert_int_equal(fstat(fd, &st), 0);
	if (inode(fd)->refuses)
		return inode(fd)->refuses;
	if ((uint64_t)st.st_blocks * STAT_BLOCK_BYTES + grown_bytes > room_bytes ||
	    made_inodes + 1 > room_inodes)
		return -EDQUOT;
	inode(fd)->is = *p;
	return 0;
}

static int make_room(void *ctx unused, uint64_t bytes, uint64_t files)
{
	room_bytes = bytes;
	room_inodes = files;
	return 0;
}

/* ---- trees ---- */

static int setup(void **state unused)
{
	inodes_count = 0;
	room_bytes = room_inodes = UINT64_MAX;
	grown_bytes = made_inodes = 0;
	before_set = NULL;
	return place_make();
}

static int teardown(void **state unused)
{
	return place_remove();
}

/* A file of this project. */
static struct inode *make_file(const char *name, uint32_t project)
{
	autofd int fd = openat(top, name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	inode(fd)->is.id = project;
	return inode(fd);
}

static int64_t changed_ns(int at, const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(at, name, &st, 0), 0);
	return st.st_ctim.tv_sec * NSEC_PER_SEC + st.st_ctim.tv_nsec;
}

/* ---- giving ---- */

static void what_refuses_is_left_for_later_and_all_else_is_given(void **state unused)
{
	struct inode *refuses = make_file("refuses", PROJECT_NONE);
	struct inode *files[] = { make_file("a", PROJECT_NONE), make_file("b", PROJECT + 1) };
	uint64_t changed;

	refuses->refuses = -EPERM;
	assert_int_equal(label_tree(top, PROJECT, NULL, NULL, &changed, &e), LABEL_LATER);
	assert_int_equal(changed, 3);
	assert_int_equal(files[0]->is.id, PROJECT);
	assert_int_equal(files[1]->is.id, PROJECT);
	assert_true(inode(top)->is.id == PROJECT && inode(top)->is.inherited);
	assert_non_null(strstr(e.text, "1 of its files and directories "));
	assert_non_null(strstr(e.text, "immutable, see lsattr -R"));

	refuses->refuses = -EDQUOT;
	assert_int_equal(label_tree(top, PROJECT, NULL, NULL, &changed, &e), LABEL_LATER);
	assert_int_equal(changed, 0);
	assert_non_null(strstr(e.text, strerror(EDQUOT)));

	refuses->refuses = 0;
	assert_int_equal(label_tree(top, PROJECT, NULL, NULL, &changed, &e), 0);
	assert_int_equal(changed, 1);
	assert_int_equal(refuses->is.id, PROJECT);
}

/* One that is full. */
static int label_in_full_project(const char *name)
{
	const struct project want = { .id = PROJECT };
	struct label_room room = { .make = make_room };
	autofd int fd = openat(top, name, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	room_bytes = room_inodes = tries = 0;
	return label_one(fd, &want, &room);
}

static void a_task_that_is_faster_than_its_file_is_given_more_room(void **state unused)
{
	struct inode *grows = make_file("grows", PROJECT_NONE);
	struct inode *crowded = make_file("crowded", PROJECT_NONE);

	grown_bytes = 5 * MIB;
	assert_int_equal(label_in_full_project("grows"), 1);
	assert_int_equal(grows->is.id, PROJECT);
	assert_true(room_bytes < 2 * grown_bytes);

	grown_bytes = 0;
	made_inodes = 10;
	assert_int_equal(label_in_full_project("crowded"), 1);
	assert_int_equal(crowded->is.id, PROJECT);
	assert_true(room_inodes <= 2 * made_inodes);
}

static void but_not_without_end(void **state unused)
{
	struct inode *grows = make_file("grows", PROJECT_NONE);

	grown_bytes = GIB;
	assert_int_equal(label_in_full_project("grows"), -EDQUOT);
	assert_int_equal(grows->is.id, PROJECT_NONE);
	assert_true(room_bytes <= 16 * MIB);
	assert_int_equal(tries, 7); /* the first one without room of its own */
}

static unsigned turns;

/* When the walk comes to the inner one of two directories, that becomes the outer one. */
static void turn(int fd)
{
	bool a_is_outer = !faccessat(top, "a", F_OK, 0);
	const char *const outer = a_is_outer ? "a" : "b", *const inner = a_is_outer ? "b" : "a";
	autofree char *in_outer = path_join(outer, inner), *in_inner = path_join(inner, outer);
	struct stat is, st;

	assert_int_equal(fstat(fd, &is), 0);
	assert_int_equal(fstatat(top, outer, &st, 0), 0);
	if (is.st_ino == st.st_ino)
		return;
	assert_true(++turns < 1000);
	assert_int_equal(renameat(top, in_outer, top, inner), 0);
	assert_int_equal(renameat(top, outer, top, in_inner), 0);
}

static void directories_that_are_moved_in_front_of_each_look_are_left_for_later(void **state unused)
{
	uint64_t changed;

	assert_int_equal(mkdirat(top, "a", 0700), 0);
	assert_int_equal(mkdirat(top, "a/b", 0700), 0);
	assert_int_equal(label_tree(top, PROJECT, NULL, NULL, &changed, &e), 0);
	for (size_t i = 0; i < inodes_count; i++) {
		inodes[i].is.id = PROJECT_NONE;
		inodes[i].refuses = -EPERM;
	}
	inode(top)->is.id = PROJECT;
	turns = 0;
	before_set = turn;
	assert_int_equal(label_tree(top, PROJECT, NULL, NULL, &changed, &e), LABEL_LATER);
	assert_int_equal(changed, 0);
	assert_true(turns);
}

/* ---- looking ---- */

static unsigned long long strayed_since(int64_t since_ns)
{
	struct label_check check;
	struct scan_result seen;

	label_check_init(&check, PROJECT, since_ns);
	assert_int_equal(visit_tree(top, &check.visitor, NULL, &seen, &e), 0);
	return atomic_load(&check.files);
}

static void a_file_that_has_not_changed_is_looked_at_where_its_directory_has(void **state unused)
{
	int64_t since_ns;

	make_file("strayed", PROJECT_NONE);
	make_file("own", PROJECT);
	/* Its clock ticks. */
	do
		assert_int_equal(futimens(top, NULL), 0);
	while (changed_ns(top, ".") <= changed_ns(top, "strayed"));
	since_ns = changed_ns(top, ".");
	assert_int_equal(strayed_since(since_ns), 1);
	assert_int_equal(strayed_since(since_ns + 1), 0);
	assert_int_equal(strayed_since(0), 1);
}

#define IN_A_PLACE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_PLACE(what_refuses_is_left_for_later_and_all_else_is_given),
		IN_A_PLACE(a_task_that_is_faster_than_its_file_is_given_more_room),
		IN_A_PLACE(but_not_without_end),
		IN_A_PLACE(directories_that_are_moved_in_front_of_each_look_are_left_for_later),
		IN_A_PLACE(a_file_that_has_not_changed_is_looked_at_where_its_directory_has),
	};

	return cmocka_run_group_tests_name("label", tests, NULL, NULL);
}
