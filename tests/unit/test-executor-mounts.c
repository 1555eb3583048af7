/* The mounts that mesos-executor makes for its container, and those that it does not make. */
#include "tests/unit/executor-fixture.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "lib/fs.h"

static void make_directory(const struct agent *a, const char *name)
{
	autofree char *path = in_dir(a, name);

	assert_int_equal(mkdir(path, 0777), 0);
}

static char *mount_table(void)
{
	struct buf text = { 0 };
	struct error e;

	assert_int_equal(fs_read("/proc/self/mountinfo", MIB, &text, &e), 0);
	return buf_take(&text);
}

/* Two directories, source with a file in it, and the plan's one mount. */
static void bind_source(struct agent *a, struct plan_mount *m)
{
	need_root();
	make_directory(a, "source");
	put_file(a, "source/file", "here\n");
	*m = (struct plan_mount){ .source = in_dir(a, "source"), .target = in_dir(a, "data") };
	a->plan.mounts = m;
	a->plan.mounts_count = 1;
}

static void free_mount(struct plan_mount *m)
{
	free(m->source);
	free(m->target);
}

static void set_tmpfs(struct agent *a, struct plan_mount *m, const char *target, uint64_t size)
{
	need_root();
	*m = (struct plan_mount){ .target = in_dir(a, target), .size = size, .has_size = true };
	a->plan.mounts = m;
	a->plan.mounts_count = 1;
}

/* The table of this process is shared, so what leaked would be in it. */
static void a_directory_is_bound_for_the_container_alone(void **state)
{
	struct agent *a = *state;
	struct plan_mount m;
	autofree char *before = NULL, *during = NULL, *after = NULL;

	bind_source(a, &m);
	before = mount_table();
	start(a, "cat data/file >seen; echo new >data/new; echo >ready; until test -e go; do sleep "
		 "0.01; done");
	await_ready(a);
	during = mount_table();
	put_file(a, "go", "");
	expect_exited(a, 0);
	finish(a, 0);
	after = mount_table();
	expect_file(a, "seen", "here\n");
	expect_file(a, "source/new", "new\n");
	assert_true(is_there(a, "data"));
	assert_false(is_there(a, "data/new"));
	assert_string_equal(during, before);
	assert_string_equal(after, before);
	free_mount(&m);
}

static void without_either_it_has_the_namespace_of_the_agent(void **state)
{
	struct agent *a = *state;
	char own[64] = "";

	assert_true(readlink("/proc/self/ns/mnt", own, sizeof(own) - 1) > 0);
	strcat(own, "\n");
	run_to_end(a, "readlink /proc/self/ns/mnt >namespace");
	expect_file(a, "namespace", own);
}

static void what_a_command_mounts_stays_there_too(void **state)
{
	struct agent *a = *state;
	char *argv[] = { (char *)"mount", (char *)"-t", (char *)"tmpfs", (char *)"none",
			 (char *)"data" };
	struct plan_command command = { .argv = argv, .argv_count = ARRAY_SIZE(argv) };
	autofree char *before = NULL, *during = NULL;

	need_root();
	make_directory(a, "data");
	a->plan.pre_exec = &command;
	a->plan.pre_exec_count = 1;
	before = mount_table();
	start(a, "stat -fc %T data >type; echo >ready; until test -e go; do sleep 0.01; done");
	await_ready(a);
	during = mount_table();
	put_file(a, "go", "");
	expect_exited(a, 0);
	finish(a, 0);
	expect_file(a, "type", "tmpfs\n");
	assert_string_equal(during, before);
}

static void what_the_host_mounts_later_is_seen_too(void **state)
{
	struct agent *a = *state;
	struct plan_mount m;

	set_tmpfs(a, &m, "data", MIB);
	autofree char *later = in_dir(a, "later");

	make_directory(a, "later");
	start(a, "echo >ready; until test -e go; do sleep 0.01; done; cat later/file >seen");
	await_ready(a);
	assert_int_equal(mount("none", later, "tmpfs", 0, NULL), 0);
	put_file(a, "later/file", "mounted\n");
	put_file(a, "go", "");
	expect_exited(a, 0);
	finish(a, 0);
	assert_int_equal(umount(later), 0);
	expect_file(a, "seen", "mounted\n");
	free_mount(&m);
}

static void expect_options(struct agent *a, const char *options)
{
	autofree char *line = xasprintf("%s\n", options);

	run_to_end(a, "grep \" $PWD/data \" /proc/self/mountinfo | cut -d' ' -f6 | "
		      "sed s/,relatime// >options");
	expect_file(a, "options", line);
}

static void devices_and_setuid_programs_are_off_by_themselves(void **state)
{
	struct agent *a = *state;
	struct plan_mount m;

	set_tmpfs(a, &m, "data", MIB);
	expect_options(a, "rw,nosuid,nodev");
	free_mount(&m);
}

static void a_mount_may_be_read_only(void **state)
{
	struct agent *a = *state;
	struct plan_mount m;

	bind_source(a, &m);
	m.read_only = m.has_read_only = true;
	run_to_end(a, "! touch data/new 2>why; cat data/file >seen");
	expect_in_file(a, "why", "Read-only file system");
	expect_file(a, "seen", "here\n");
	free_mount(&m);
}

static void devices_and_setuid_programs_may_be_on(void **state)
{
	struct agent *a = *state;
	struct plan_mount m;

	set_tmpfs(a, &m, "data", MIB);
	m.suid = m.has_suid = m.dev = m.has_dev = true;
	expect_options(a, "rw");
	free_mount(&m);
}

/* A mount below the source comes along, and what holds for the one holds for it. */
static void what_is_mounted_below_a_source_is_bound_with_it(void **state)
{
	struct agent *a = *state;
	struct plan_mount m;

	bind_source(a, &m);
	autofree char *below = in_dir(a, "source/below");

	m.read_only = m.has_read_only = true;
	make_directory(a, "source/below");
	assert_int_equal(mount("none", below, "tmpfs", 0, NULL), 0);
	put_file(a, "source/below/deep", "deep\n");
	run_to_end(a, "cat data/below/deep >seen; ! touch data/below/new 2>why");
	assert_int_equal(umount(below), 0);
	expect_file(a, "seen", "deep\n");
	expect_in_file(a, "why", "Read-only file system");
	free_mount(&m);
}

static void a_tmpfs_has_the_size_of_the_plan(void **state)
{
	struct agent *a = *state;
	struct plan_mount m;

	set_tmpfs(a, &m, "data", 64 * KIB);
	become_nobody(a);
	put_file(a, "sizes", "");
	put_file(a, "why", "");
	run_to_end(a, "echo $(df --output=size,itotal -B1 data | tail -n 1) >sizes; "
		      "! head -c 65537 /dev/zero 2>why >data/file");
	expect_file(a, "sizes", "65536 64\n");
	expect_in_file(a, "why", "No space left on device");
	free_mount(&m);
}

static void a_file_is_bound_on_a_file(void **state)
{
	struct agent *a = *state;
	struct plan_mount m;

	bind_source(a, &m);
	free(m.source);
	m.source = in_dir(a, "source/file");
	run_to_end(a, "cat data >seen");
	expect_file(a, "seen", "here\n");
	expect_file(a, "data", "");
	free_mount(&m);
}

static void mounts_are_made_in_their_order(void **state)
{
	struct agent *a = *state;
	struct plan_mount mounts[2];

	bind_source(a, &mounts[0]);
	make_directory(a, "source/inner");
	mounts[1] = (struct plan_mount){ .target = in_dir(a, "data/inner"),
					 .size = MIB,
					 .has_size = true };
	a->plan.mounts = mounts;
	a->plan.mounts_count = 2;
	run_to_end(a, "touch data/outer data/inner/new; stat -fc %T data/inner >type");
	expect_file(a, "type", "tmpfs\n");
	assert_true(is_there(a, "source/outer"));
	assert_false(is_there(a, "source/inner/new"));
	free_mount(&mounts[0]);
	free_mount(&mounts[1]);
}

/* A target is made in the sandbox itself only, not in what is mounted there. */
static void nothing_is_made_in_a_source(void **state)
{
	struct agent *a = *state;
	struct plan_mount mounts[2];

	bind_source(a, &mounts[0]);
	mounts[1] = (struct plan_mount){ .target = in_dir(a, "data/inner"),
					 .size = MIB,
					 .has_size = true };
	a->plan.mounts = mounts;
	a->plan.mounts_count = 2;
	expect_launch_failure(
		a, "mount a tmpfs on %s/data/inner: %s/data/inner: No such file or directory",
		a->dir, a->dir);
	assert_false(is_there(a, "source/inner"));
	free_mount(&mounts[0]);
	free_mount(&mounts[1]);
}

static void only_the_last_part_of_a_target_is_made(void **state)
{
	struct agent *a = *state;
	struct plan_mount m;

	set_tmpfs(a, &m, "one/two", MIB);
	expect_launch_failure(a, "mount a tmpfs on %s: %s: No such file or directory", m.target,
			      m.target);
	free_mount(&m);
}

/* A work_dir may have one. */
static void a_link_that_leads_to_the_sandbox_is_no_obstacle(void **state)
{
	struct agent *a = *state;
	struct plan_mount mounts[2];

	bind_source(a, &mounts[0]);
	autofree char *link = xasprintf("%s-link", a->dir);

	make_directory(a, "self");
	assert_int_equal(symlink(a->dir, link), 0);
	free(a->directory);
	a->plan.directory = a->directory = xstrdup(link);
	free_mount(&mounts[0]);
	mounts[0] = (struct plan_mount){ .source = path_join(link, "source"),
					 .target = path_join(link, "data") };
	mounts[1] =
		(struct plan_mount){ .source = xstrdup(link), .target = path_join(link, "self") };
	a->plan.mounts_count = 2;
	a->plan.mounts = mounts;
	run_to_end(a, "cat data/file self/source/file >seen");
	unlink(link);
	expect_file(a, "seen", "here\nhere\n");
	free_mount(&mounts[0]);
	free_mount(&mounts[1]);
}

/* ---- mounts that are not made ---- */

static void a_link_in_the_sandbox_leads_no_mount_elsewhere(void **state)
{
	struct agent *a = *state;
	struct plan_mount m;

	bind_source(a, &m);
	autofree char *link = in_dir(a, "data"), *elsewhere = in_dir(a, "source");

	assert_int_equal(symlink(elsewhere, link), 0);
	expect_launch_failure(a, "mount %s on %s: %s: a symbolic link is on the way", m.source,
			      m.target, m.target);
	free_mount(&m);
}

static void nor_does_one_on_the_way(void **state)
{
	struct agent *a = *state;
	struct plan_mount m;

	set_tmpfs(a, &m, "link/data", MIB);
	autofree char *link = in_dir(a, "link");

	make_directory(a, "source");
	assert_int_equal(symlink("source", link), 0);
	expect_launch_failure(a, "mount a tmpfs on %s: %s: a symbolic link is on the way", m.target,
			      m.target);
	assert_false(is_there(a, "source/data"));
	free_mount(&m);
}

static void a_link_is_no_source(void **state)
{
	struct agent *a = *state;
	struct plan_mount m;

	bind_source(a, &m);
	autofree char *link = in_dir(a, "link");

	assert_int_equal(symlink("source", link), 0);
	free(m.source);
	m.source = xstrdup(link);
	expect_launch_failure(a, "mount %s on %s: %s: a symbolic link is on the way", link,
			      m.target, link);
	free_mount(&m);
}

static void a_missing_source_is_named(void **state)
{
	struct agent *a = *state;
	struct plan_mount m;

	bind_source(a, &m);
	free(m.source);
	m.source = xstrdup("/no/such/source");
	expect_launch_failure(
		a, "mount /no/such/source on %s: /no/such/source: No such file or directory",
		m.target);
	free_mount(&m);
}

static void a_directory_is_not_bound_on_a_file(void **state)
{
	struct agent *a = *state;
	struct plan_mount m;

	bind_source(a, &m);
	put_file(a, "data", "");
	expect_launch_failure(a, "mount %s on %s: only one of them is a directory", m.source,
			      m.target);
	free_mount(&m);
}

/* The plan knows the sandbox by a path that leads through a link. */
static void a_sandbox_that_a_mount_hides_is_found_out(void **state)
{
	struct agent *a = *state;
	struct plan_mount m;

	set_tmpfs(a, &m, "unused", MIB);
	autofree char *link = xasprintf("%s-link", a->dir), *hidden = in_dir(a, "hidden");

	make_directory(a, "hidden");
	make_directory(a, "hidden/box");
	assert_int_equal(symlink(hidden, link), 0);
	free(a->directory);
	a->plan.directory = a->directory = path_join(link, "box");
	free(m.target);
	m.target = xstrdup(hidden);
	expect_launch_failure(a, "look at the sandbox %s: No such file or directory", a->directory);
	free(m.target);
	m.target = in_dir(a, "hidden/box");
	expect_launch_failure(a, "the mounts hide the sandbox %s", a->directory);
	unlink(link);
	free_mount(&m);
}

/* ---- plans that are refused ---- */

static void an_addition_that_is_not_allowed_is_refused_before_anything_runs(void **state)
{
	struct agent *a = *state;
	struct plan_mount m = { .target = (char *)"/tmp/../etc", .source = (char *)"/srv" };
	autofd int plan_fd = -EBADF;

	a->plan.mounts = &m;
	a->plan.mounts_count = 1;
	set_argv(a, "true", NULL, NULL);
	plan_fd = write_plan(a);
	spawn(a, plan_fd, NULL);
	finish(a, 1);
	expect_file(
		a, "stderr",
		"mesos-executor: read the launch plan: mounts: [0]: target: '/tmp/../etc' is not "
		"an absolute path without '.', '..' and empty parts, and other than /\n");
}

/* So that what is mounted in a container would be seen here if nothing held it back. */
static int share_mounts(void)
{
	if (geteuid())
		return 0;
	return unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) ||
	       mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_directory_is_bound_for_the_container_alone),
		TEST(without_either_it_has_the_namespace_of_the_agent),
		TEST(what_a_command_mounts_stays_there_too),
		TEST(what_the_host_mounts_later_is_seen_too),
		TEST(devices_and_setuid_programs_are_off_by_themselves),
		TEST(a_mount_may_be_read_only),
		TEST(devices_and_setuid_programs_may_be_on),
		TEST(what_is_mounted_below_a_source_is_bound_with_it),
		TEST(a_tmpfs_has_the_size_of_the_plan),
		TEST(a_file_is_bound_on_a_file),
		TEST(mounts_are_made_in_their_order),
		TEST(nothing_is_made_in_a_source),
		TEST(only_the_last_part_of_a_target_is_made),
		TEST(a_link_that_leads_to_the_sandbox_is_no_obstacle),
		TEST(a_link_in_the_sandbox_leads_no_mount_elsewhere),
		TEST(nor_does_one_on_the_way),
		TEST(a_link_is_no_source),
		TEST(a_missing_source_is_named),
		TEST(a_directory_is_not_bound_on_a_file),
		TEST(a_sandbox_that_a_mount_hides_is_found_out),
		TEST(an_addition_that_is_not_allowed_is_refused_before_anything_runs),
	};

	if (prctl(PR_SET_CHILD_SUBREAPER, 1) || share_mounts())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
