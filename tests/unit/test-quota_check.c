/*
 * What stands in the way of disk quotas where surely something does: on proc, which every machine
 * has, and where a mount is missing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <paths.h>
#include <sched.h>
#include <stdio.h>
#include <sys/capability.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "lib/fs.h"
#include "lib/quota_check.h"

#define RANGE "[1000000000-1000999999]"

static struct buf found; /* "check what: mend\n", with ! in front of what blocks */
static struct error e;

static void add_finding(const struct quota_finding *f, void *ctx unused)
{
	buf_addf(&found, "%s%s %s: %s\n", f->blocks ? "!" : "", f->check, f->what, f->mend);
}

static bool check_all(const char *path, const char *fs, const char *range)
{
	bool r;

	found.len = 0;
	r = quota_check_all(path, fs, range, add_finding, NULL);
	buf_text(&found);
	return r;
}

static void assert_found(const char *text)
{
	if (!strstr(buf_text(&found), text))
		fail_msg("'%s' is not in\n%s", text, buf_text(&found));
}

static void assert_not_found(const char *text)
{
	if (strstr(buf_text(&found), text))
		fail_msg("'%s' is in\n%s", text, buf_text(&found));
}

static int teardown(void **state unused)
{
	buf_fini(&found);
	e = (struct error){ 0 };
	return 0;
}

static void another_filesystem_is_named_with_what_mends_it(void **state unused)
{
	assert_false(check_all("/proc", NULL, RANGE));
	assert_found("!filesystem /proc is on proc, which is neither XFS nor ext4: mkfs.xfs DEVICE "
		     "&& mkdir -p /proc && mount -o prjquota DEVICE /proc\n");
	assert_false(check_all("/proc", "ext4", RANGE));
	assert_found("mkfs.ext4 -O project,quota DEVICE && ");
}

static void what_needs_the_right_one_is_not_looked_at(void **state unused)
{
	check_all("/proc", NULL, RANGE);
	assert_not_found("kernel ");
	assert_not_found("accounting ");
}

static void a_directory_that_is_not_there_yet_will_be_where_its_parents_are(void **state unused)
{
	assert_false(check_all("/proc/mesos/work", NULL, RANGE));
	assert_found("!filesystem /proc is on proc");
	assert_found("mount -o prjquota DEVICE /proc/mesos/work\n");
}

static void slashes_at_its_end_or_in_a_row_are_nothing(void **state unused)
{
	assert_false(check_all("/proc//", NULL, RANGE));
	assert_found("!filesystem /proc is on proc, ");
	assert_found("mount -o prjquota DEVICE /proc\n");
	assert_false(check_all("//proc///mesos/", NULL, RANGE));
	assert_found("mount -o prjquota DEVICE /proc/mesos\n");
}

static void what_is_no_directory_is_refused(void **state unused)
{
	assert_false(check_all("/proc/version", NULL, RANGE));
	assert_found("!directory directory /proc/version cannot be opened: Not a directory: ");
	assert_not_found("filesystem ");
}

static void a_range_is_checked_whatever_the_filesystem_is(void **state unused)
{
	assert_false(check_all("/proc", NULL, "[0-5]"));
	assert_found("!range --xfs_project_range: '[0-5]' contains 0");
	check_all("/proc", NULL, "[5-5000000000]");
	assert_found("!range --xfs_project_range: '[5-5000000000]' contains ids above");
	check_all("/proc", NULL, "many");
	assert_found("!range --xfs_project_range: 'many' is not a range");
	check_all("/proc", NULL, RANGE);
	assert_not_found("range ");
}

static void only_root_may(void **state unused)
{
	check_all("/proc", NULL, RANGE);
	if (geteuid())
		assert_found(
			"!privilege disk quotas need root, with CAP_SYS_ADMIN: run it as root");
	else
		assert_not_found("need root");
}

static void root_may_only_with_the_capability(void **state unused)
{
	static const cap_value_t admin = CAP_SYS_ADMIN;
	cap_t before = cap_get_proc(), without = cap_dup(before);

	assert_int_equal(cap_set_flag(without, CAP_EFFECTIVE, 1, &admin, CAP_CLEAR), 0);
	assert_int_equal(cap_set_proc(without), 0);
	check_all("/proc", NULL, RANGE);
	assert_int_equal(cap_set_proc(before), 0);
	cap_free(without);
	cap_free(before);
	if (geteuid())
		assert_found("CAP_SYS_ADMIN: run it as root");
	else
		assert_found("CAP_SYS_ADMIN: give it that capability (CapabilityBoundingSet= of");
}

/* Without its name it is a line of all of them. */
static void the_first_obstacle_is_the_first_of_all(void **state unused)
{
	autofree char *first = NULL;
	const char *line;

	check_all("/proc", NULL, "[0-5]");
	line = buf_text(&found);
	while (*line != '!')
		line = strchr(line, '\n') + 1;
	line = strchr(line, ' ') + 1;
	first = xstrndup(line, strcspn(line, "\n"));
	assert_int_equal(quota_check_first("/proc", NULL, "[0-5]", &e), -EOPNOTSUPP);
	assert_string_equal(e.text, first);
	assert_false(quota_check_all("/proc", NULL, "[0-5]", NULL, NULL));
}

/* In a child: as if /etc/fstab had this mount point. */
static bool look_with_fstab(const char *point, const char *work)
{
	FILE *fstab;

	if (unshare(geteuid() ? CLONE_NEWUSER | CLONE_NEWNS : CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", "/etc", "tmpfs", 0, NULL))
		return false;
	fstab = fopen(_PATH_MNTTAB, "we");
	if (!fstab || fprintf(fstab, "none %s ext4 defaults 0 0\n", point) < 0 || fclose(fstab))
		return false;
	check_all(work, NULL, RANGE);
	return true;
}

/* Whether it finds that `data` of a directory is not mounted, which fstab has, so spelled. */
static bool is_missed(const char *spelled)
{
	autofree char *dir = xstrdup("/tmp/test-quota_check-XXXXXX");
	autofree char *point = NULL, *work = NULL, *text = NULL;
	int status;
	pid_t pid;

	assert_non_null(mkdtemp(dir));
	point = path_join(dir, spelled);
	work = path_join(dir, "data/work");
	text = xasprintf("!mounted %s/data of " _PATH_MNTTAB " is not mounted: mount %s/data, or ",
			 dir, dir);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		_exit(!look_with_fstab(point, work) ? 2 : !strstr(buf_text(&found), text));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(rmdir(dir), 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
	return !WEXITSTATUS(status);
}

static void a_mount_that_is_missing_is_named_however_fstab_spells_it(void **state unused)
{
	assert_true(is_missed("data"));
	assert_true(is_missed("data/"));
	assert_true(is_missed("data//"));
	assert_false(is_missed("dat"));
	assert_false(is_missed("data/work/below/"));
}

#define TEST(f) cmocka_unit_test_teardown(f, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(another_filesystem_is_named_with_what_mends_it),
		TEST(what_needs_the_right_one_is_not_looked_at),
		TEST(a_directory_that_is_not_there_yet_will_be_where_its_parents_are),
		TEST(slashes_at_its_end_or_in_a_row_are_nothing),
		TEST(what_is_no_directory_is_refused),
		TEST(a_range_is_checked_whatever_the_filesystem_is),
		TEST(only_root_may),
		TEST(root_may_only_with_the_capability),
		TEST(the_first_obstacle_is_the_first_of_all),
		TEST(a_mount_that_is_missing_is_named_however_fstab_spells_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
