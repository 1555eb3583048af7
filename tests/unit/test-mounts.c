/*
 * Where a directory is mounted from: in mount namespaces of our own, as root or as root of a user
 * namespace.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "lib/fs.h"
#include "lib/mounts.h"

static char dir[64];
static struct error e;

static int setup(void **state unused)
{
	snprintf(dir, sizeof(dir), "/tmp/test-mounts-XXXXXX");
	return !mkdtemp(dir);
}

static int teardown(void **state unused)
{
	return fs_remove_tree(AT_FDCWD, dir, &e);
}

static void expect_in_child(bool holds, int line)
{
	if (holds)
		return;
	fprintf(stderr, "# line %d does not hold: %s\n", line, e.text);
	_exit(1);
}
#define EXPECT(c) expect_in_child(c, __LINE__)

/* Runs fn in a child that may mount. */
static void in_namespace(void (*fn)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid) {
		EXPECT(!unshare(geteuid() ? CLONE_NEWUSER | CLONE_NEWNS : CLONE_NEWNS));
		EXPECT(!mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
		fn();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
}

/* tmpfs there, made at need; options of mount(2). */
static char *mount_at(const char *name, unsigned long flags)
{
	char *path = path_join(dir, name);

	EXPECT(!fs_mkdirs(path, 0755, &e));
	EXPECT(!mount("some thing", path, "tmpfs", flags, NULL));
	return path;
}

static void look_at(const char *path, struct mount *ret)
{
	autofd int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	EXPECT(fd >= 0);
	EXPECT(!mount_of(fd, ret, &e));
}

static void names_with_escapes(void)
{
	autofree char *path = mount_at("a b\tc\\d\ne", 0), *below = path_join(path, "below");
	struct mount m = { 0 };

	EXPECT(!mkdir(below, 0755));
	look_at(below, &m);
	EXPECT(!strcmp(m.target, path));
	EXPECT(!strcmp(m.source, "some thing"));
	EXPECT(!strcmp(m.type, "tmpfs"));
	EXPECT(!strcmp(m.root, "/"));
	EXPECT(!m.read_only);
	EXPECT(m.copies == 1);
	mount_fini(&m);
}

static void spaces_and_newlines_in_paths_are_what_they_were(void **state unused)
{
	in_namespace(names_with_escapes);
}

static void bind_of_a_part(void)
{
	autofree char *path = mount_at("whole", 0), *part = path_join(path, "part");
	autofree char *at = path_join(dir, "bind");
	struct mount m = { 0 };

	EXPECT(!mkdir(part, 0755) && !mkdir(at, 0755));
	EXPECT(!mount(part, at, NULL, MS_BIND, NULL));
	EXPECT(!mount(NULL, at, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL));
	look_at(at, &m);
	EXPECT(!strcmp(m.target, at));
	EXPECT(!strcmp(m.root, "/part"));
	EXPECT(m.read_only);
	EXPECT(m.copies == 2 && !strcmp(m.whole, path));
	mount_fini(&m);
	look_at(path, &m);
	EXPECT(!m.read_only && m.copies == 2);
	mount_fini(&m);
}

static void a_bind_mount_tells_which_part_and_is_read_only_by_itself(void **state unused)
{
	in_namespace(bind_of_a_part);
}

static void covered(void)
{
	autofree char *lower = mount_at("twice", 0);
	autofree char *upper = mount_at("twice", MS_RDONLY);
	struct mount m = { 0 };

	EXPECT(!strcmp(lower, upper));
	look_at(upper, &m);
	EXPECT(m.read_only);
	mount_fini(&m);
}

static void of_mounts_on_top_of_each_other_the_upper_one_is_told(void **state unused)
{
	in_namespace(covered);
}

static void add_name(const char *below, void *ctx)
{
	buf_addf(ctx, "%s;", below);
}

static void some_below(void)
{
	autofree char *work = path_join(dir, "work");
	autofree char *a = mount_at("work", 0), *b = mount_at("work/slaves", 0);
	autofree char *c = mount_at("work/x/y z", 0), *d = mount_at("workshop", 0);
	struct buf names = { 0 };

	EXPECT(a && b && c && d);
	EXPECT(!mounts_below(work, add_name, &names, &e));
	EXPECT(!strcmp(buf_text(&names), "slaves;x/y z;"));
	buf_fini(&names);
	EXPECT(!mounts_below("/", add_name, &names, &e));
	EXPECT(strstr(buf_text(&names), "proc;") != NULL);
	buf_fini(&names);
}

static void mounts_below_a_directory_are_those_and_not_its_neighbours(void **state unused)
{
	in_namespace(some_below);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(spaces_and_newlines_in_paths_are_what_they_were),
		TEST(a_bind_mount_tells_which_part_and_is_read_only_by_itself),
		TEST(of_mounts_on_top_of_each_other_the_upper_one_is_told),
		TEST(mounts_below_a_directory_are_those_and_not_its_neighbours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
