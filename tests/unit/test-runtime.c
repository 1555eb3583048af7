/* Which directories may hold our sockets. Needs no root; as root it also tries the owner. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "lib/fs.h"
#include "lib/runtime.h"

static char dir[32];
static struct error e;

static int setup(void **state unused)
{
	strcpy(dir, "/tmp/test-runtime-XXXXXX");
	return !mkdtemp(dir);
}

static int teardown(void **state unused)
{
	return fs_remove_tree(AT_FDCWD, dir, &e);
}

static void refused(const char *path, int code, const char *why)
{
	assert_int_equal(runtime_dir_make(path, &e), -code);
	if (!strstr(e.text, why))
		fail_msg("'%s' is not in '%s'", why, e.text);
}

static void what_is_missing_is_made_for_us_alone(void **state unused)
{
	autofree char *a = path_join(dir, "a");
	autofree char *run = path_join(a, "run");
	struct stat st;

	assert_int_equal(runtime_dir_make(run, &e), 0);
	assert_int_equal(stat(a, &st), 0);
	assert_int_equal(st.st_mode & 0777, geteuid() ? 0700 : 0755);
	assert_int_equal(stat(run, &st), 0);
	assert_int_equal(st.st_mode & 0777, geteuid() ? 0700 : 0755);
	assert_int_equal(runtime_dir_make(run, &e), 0);
}

static void where_others_may_write_it_is_refused(void **state unused)
{
	autofree char *a = path_join(dir, "a");
	autofree char *run = path_join(a, "run");

	assert_int_equal(mkdir(a, 0700), 0);
	assert_int_equal(chmod(a, 0777), 0);
	refused(run, EPERM, "others may write to");
	assert_int_equal(chmod(a, 01777), 0);
	assert_int_equal(runtime_dir_make(run, &e), 0);
	assert_int_equal(chmod(run, 0770), 0);
	refused(run, EPERM, "others may write to");
}

static void a_file_on_the_way_is_refused(void **state unused)
{
	autofree char *file = path_join(dir, "file");
	autofree char *run = path_join(file, "run");
	autofd int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	refused(run, ENOTDIR, "file is not a directory");
	refused(file, ENOTDIR, "file is not a directory");
}

static void what_another_user_made_is_refused(void **state unused)
{
	autofree char *a = path_join(dir, "a");
	autofree char *run = path_join(a, "run");
	autofree char *link = path_join(dir, "link");

	if (geteuid()) {
		print_message("# skipped: only root can make what belongs to another user\n");
		skip();
	}
	assert_int_equal(mkdir(a, 0755), 0);
	assert_int_equal(chown(a, 65534, 65534), 0);
	refused(run, EPERM, "a belongs to another user");
	assert_int_equal(symlink(dir, link), 0);
	assert_int_equal(runtime_dir_make(link, &e), 0);
	assert_int_equal(lchown(link, 65534, 65534), 0);
	refused(link, EPERM, "link belongs to another user");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static void state_is_kept_where_its_user_has_it(void **state unused)
{
	autofree char *given = NULL, *usual = NULL;

	setenv("XDG_STATE_HOME", "/s", 1);
	setenv("HOME", "/h", 1);
	given = state_dir_default("master");
	setenv("XDG_STATE_HOME", "relative", 1);
	usual = state_dir_default("master");
	assert_string_equal(given, geteuid() ? "/s/mesos/master" : "/var/lib/mesos/master");
	assert_string_equal(usual,
			    geteuid() ? "/h/.local/state/mesos/master" : "/var/lib/mesos/master");
	unsetenv("HOME");
	free(take_ptr(usual));
	usual = state_dir_default("master");
	assert_true(geteuid() ? !usual : usual != NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_missing_is_made_for_us_alone),
		TEST(where_others_may_write_it_is_refused),
		TEST(a_file_on_the_way_is_refused),
		TEST(what_another_user_made_is_refused),
		cmocka_unit_test(state_is_kept_where_its_user_has_it),
	};

	return cmocka_run_group_tests_name("runtime", tests, NULL, NULL);
}
