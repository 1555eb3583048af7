/* What files have behind their ends, on the filesystem that tests are run on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "agent/disk/prealloc.h"
#include "tests/unit/lookups.h"
#include "tests/unit/place.h"

enum { BLOCK = 4096, AHEAD = 16 * BLOCK };

static struct error e;

static int setup(void **state unused)
{
	return place_make();
}

static int teardown(void **state unused)
{
	return place_remove();
}

static int make_file(const char *name, size_t size)
{
	int fd = openat(top, name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(posix_fallocate(fd, 0, (off_t)size ?: 1), 0);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	return fd;
}

static uint64_t found(void)
{
	uint64_t sum = UINT64_MAX;

	assert_int_equal(prealloc_bytes(top, NULL, &sum, &e), 0);
	return sum;
}

/* A filesystem that cannot say what is behind an end, or that it was asked for, as XFS does. */
static bool is_told(int fd)
{
	struct fiemap map = { .fm_length = FIEMAP_MAX_OFFSET };
	struct fsxattr x;

	return !ioctl(fd, FS_IOC_FIEMAP, &map) && !ioctl(fd, FS_IOC_FSGETXATTR, &x) &&
	       !(x.fsx_xflags & FS_XFLAG_PREALLOC);
}

static void what_is_behind_an_end_counts_from_the_next_block_on(void **state unused)
{
	autofd int fd = make_file("file", 5000);
	uint64_t expected = 0;

	assert_int_equal(found(), 0);
	if (fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, AHEAD) == 0 && is_told(fd))
		expected = AHEAD - 2 * BLOCK;
	assert_int_equal(found(), expected);
}

static void attributes_are_not_behind_an_end(void **state unused)
{
	static const char value[3000];
	autofd int fd = openat(top, "empty", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	struct stat st;

	if (fsetxattr(fd, "user.large", value, sizeof(value), 0))
		assert_int_equal(errno, EOPNOTSUPP);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 0);
	assert_int_equal(found(), 0);
}

static void a_file_with_another_name_is_left_out(void **state unused)
{
	autofd int fd = make_file("file", 5000);

	fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, AHEAD);
	assert_int_equal(linkat(top, "file", top, "other", 0), 0);
	assert_int_equal(found(), 0);
}

static bool move_file(const char *name, const struct open_how *how unused)
{
	if (str_equal(name, "dir"))
		assert_int_equal(renameat(top, "file", top, "dir/file"), 0);
	return false;
}

static void a_file_that_is_moved_in_front_of_the_walk_counts_once(void **state unused)
{
	autofd int fd = make_file("file", 5000);
	uint64_t before;

	fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, AHEAD);
	assert_int_equal(mkdirat(top, "dir", 0700), 0);
	before = found();
	on_lookup = move_file;
	assert_int_equal(found(), before);
	on_lookup = NULL;
	assert_int_equal(faccessat(top, "dir/file", F_OK, 0), 0);
}

static void what_cannot_be_looked_at_leaves_the_sum_alone(void **state unused)
{
	atomic_bool cancel = true;
	uint64_t sum = 7;

	assert_int_equal(prealloc_bytes(top, &cancel, &sum, &e), -ECANCELED);
	assert_int_equal(sum, 7);
}

#define IN_A_PLACE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_PLACE(what_is_behind_an_end_counts_from_the_next_block_on),
		IN_A_PLACE(attributes_are_not_behind_an_end),
		IN_A_PLACE(a_file_with_another_name_is_left_out),
		IN_A_PLACE(a_file_that_is_moved_in_front_of_the_walk_counts_once),
		IN_A_PLACE(what_cannot_be_looked_at_leaves_the_sum_alone),
	};

	return cmocka_run_group_tests_name("prealloc", tests, NULL, NULL);
}
