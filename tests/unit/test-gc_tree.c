/* Sandboxes in a directory of the test's own: removed, with links planted everywhere, and found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "agent/gc_tree.h"
#include "lib/fs.h"
#include "lib/sandbox_path.h"
#include "tests/unit/place.h"

#define EXECUTOR "slaves/A/frameworks/F/executors/E"
#define RUNS     EXECUTOR "/runs"

#define PATIENCE_S 60

static atomic_bool stop;
static struct error e;

static int setup(void **state unused)
{
	e = (struct error){ 0 };
	stop = false;
	return place_make();
}

static int teardown(void **state unused)
{
	return place_remove();
}

static void make(const char *name)
{
	autofree char *path = path_join(dir, name);

	assert_int_equal(fs_mkdirs(path, 0700, &e), 0);
}

static void make_link(const char *target, const char *name)
{
	assert_int_equal(symlinkat(target, top, name), 0);
}

static bool there(const char *name)
{
	struct stat st;

	return !fstatat(top, name, &st, AT_SYMLINK_NOFOLLOW);
}

static int remove_it(const char *id)
{
	autofree char *path = path_join(RUNS, id);

	return gc_tree_remove(top, path, NULL, &stop, &e);
}

static void a_sandbox_goes_with_all_that_is_empty_above(void **state unused)
{
	make(RUNS "/c1/a/b/c");
	make_link("c1", RUNS "/latest");
	make_link("c1", RUNS "/.latest-c1");
	assert_int_equal(remove_it("c1"), 0);
	assert_false(there("slaves/A"));
	assert_true(there("slaves"));
	assert_int_equal(remove_it("c1"), 0);
}

static void the_directory_of_the_agent_stays(void **state unused)
{
	make(RUNS "/c1");
	assert_int_equal(gc_tree_remove(top, RUNS "/c1", "A", &stop, &e), 0);
	assert_false(there("slaves/A/frameworks"));
	assert_true(there("slaves/A"));
}

static void what_is_not_empty_stays_and_so_does_the_link_to_another(void **state unused)
{
	make(RUNS "/c1");
	make(RUNS "/c2");
	make_link("c2", RUNS "/latest");
	assert_int_equal(remove_it("c1"), 0);
	assert_false(there(RUNS "/c1"));
	assert_true(there(RUNS "/c2") && there(RUNS "/latest"));
	make("slaves/A/frameworks/G");
	assert_int_equal(remove_it("c2"), 0);
	assert_false(there("slaves/A/frameworks/F"));
	assert_true(there("slaves/A/frameworks/G"));
}

/* Another opening of a directory has locks of its own, as another process has. */
static void a_lock_that_a_task_holds_is_not_waited_for(void **state unused)
{
	autofd int runs = -EBADF;

	make(RUNS "/c1");
	make_link("c1", RUNS "/latest");
	runs = openat(top, RUNS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(flock(runs, LOCK_EX), 0);
	alarm(PATIENCE_S);
	assert_int_equal(remove_it("c1"), 0);
	alarm(0);
	assert_false(there("slaves/A"));
}

static void links_inside_and_in_place_of_the_sandbox_are_not_followed(void **state unused)
{
	make("kept/deep");
	make(RUNS "/c1/sub");
	make_link("../../../../../../../../kept", RUNS "/c1/out");
	make_link("/", RUNS "/c1/sub/root");
	make_link("../../../../../../../kept", RUNS "/c2");
	make_link("../../../../../../../kept", RUNS "/.gone-c3");
	assert_int_equal(remove_it("c1"), 0);
	assert_int_equal(remove_it("c2"), 0);
	assert_int_equal(remove_it("c3"), 0);
	assert_false(there("slaves/A"));
	assert_true(there("kept/deep"));
}

static void a_link_on_the_way_is_an_error(void **state unused)
{
	make("kept/runs/c1");
	make("slaves/A/frameworks/F/executors");
	make_link("../../../../../kept", EXECUTOR);
	assert_int_equal(remove_it("c1"), -ENOTDIR);
	assert_string_equal(e.text, "open E, part of " RUNS "/c1: Not a directory");
	assert_true(there("kept/runs/c1") && there(EXECUTOR));
}

static void a_removal_that_was_cut_short_goes_on(void **state unused)
{
	make(RUNS "/c1/a/b");
	stop = true;
	assert_int_equal(remove_it("c1"), -ECANCELED);
	assert_false(there(RUNS "/c1"));
	assert_true(there(RUNS "/.gone-c1"));
	stop = false;
	assert_int_equal(remove_it("c1"), 0);
	assert_false(there("slaves/A"));
}

static char *found_text;

static void found(const char *path, const char *id, int64_t mtime_ns, bool gone, void *ctx unused)
{
	autofree char *before = take_ptr(found_text);

	found_text = xasprintf("%s%s %s %d %s\n", before ?: "", path, id,
			       (int)(mtime_ns / NSEC_PER_SEC), gone ? "gone" : "whole");
}

static void set_mtime(const char *name, time_t seconds)
{
	struct timespec t[2] = { { .tv_sec = seconds }, { .tv_sec = seconds } };

	assert_int_equal(utimensat(top, name, t, AT_SYMLINK_NOFOLLOW), 0);
}

static void all_sandboxes_are_found_and_nothing_else(void **state unused)
{
	make(RUNS "/c1/runs/c0");
	set_mtime(RUNS "/c1", 1000);
	make_link("c1", RUNS "/latest");
	make_link("c1", RUNS "/.latest-c1");
	make_link("../../../../../../..", RUNS "/planted");
	make_link("A", "slaves/latest");
	make("meta/runs/c9");
	gc_tree_find(top, NULL, found, NULL);
	assert_string_equal(found_text, RUNS "/c1 c1 1000 whole\n");
	free(take_ptr(found_text));
}

/* A task may leave that, and no new sandbox could be called the latest. */
static void a_directory_in_place_of_the_link_is_garbage_too(void **state unused)
{
	make(RUNS "/latest/x");
	set_mtime(RUNS "/latest", 1000);
	gc_tree_find(top, NULL, found, NULL);
	assert_string_equal(found_text, RUNS "/latest latest 1000 whole\n");
	free(take_ptr(found_text));
	assert_int_equal(gc_tree_remove(top, RUNS "/latest", NULL, &stop, &e), 0);
	assert_false(there("slaves/A"));
}

static void what_is_half_gone_is_found_under_the_name_that_it_had(void **state unused)
{
	make("slaves/A/frameworks/F/executors/G/runs/.gone-c2/x");
	set_mtime("slaves/A/frameworks/F/executors/G/runs/.gone-c2", 2000);
	gc_tree_find(top, NULL, found, NULL);
	assert_string_equal(found_text, "slaves/A/frameworks/F/executors/G/runs/c2 c2 2000 gone\n");
	free(take_ptr(found_text));
}

/* errno if it cannot be opened. */
static int opened(const char *path, bool gone)
{
	autofd int fd = gc_tree_open(top, path, gone);

	return fd < 0 ? errno : 0;
}

static void one_is_opened_by_its_path_whole_or_half_gone_and_by_no_link(void **state unused)
{
	make(RUNS "/c1");
	make(RUNS "/.gone-c2");
	make_link("c1", RUNS "/latest");
	assert_int_equal(opened(RUNS "/c1", false), 0);
	assert_int_equal(opened(RUNS "/c1", true), ENOENT);
	assert_int_equal(opened(RUNS "/c2", false), ENOENT);
	assert_int_equal(opened(RUNS "/c2", true), 0);
	assert_int_equal(opened(RUNS "/latest", false), ELOOP);
}

static void looking_removes_what_is_empty(void **state unused)
{
	make(RUNS);
	make("slaves/B/frameworks/F/executors");
	make("slaves/C/frameworks/F/executors/E/runs/c3");
	gc_tree_find(top, "A", found, NULL);
	assert_true(there("slaves/A") && there("slaves/C/frameworks/F/executors/E/runs/c3"));
	assert_false(there("slaves/A/frameworks") || there("slaves/B"));
	free(take_ptr(found_text));
}

static void there_may_be_no_sandboxes_at_all(void **state unused)
{
	gc_tree_find(top, NULL, found, NULL);
	assert_null(found_text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_sandbox_goes_with_all_that_is_empty_above),
		TEST(the_directory_of_the_agent_stays),
		TEST(what_is_not_empty_stays_and_so_does_the_link_to_another),
		TEST(a_lock_that_a_task_holds_is_not_waited_for),
		TEST(links_inside_and_in_place_of_the_sandbox_are_not_followed),
		TEST(a_link_on_the_way_is_an_error),
		TEST(a_removal_that_was_cut_short_goes_on),
		TEST(all_sandboxes_are_found_and_nothing_else),
		TEST(a_directory_in_place_of_the_link_is_garbage_too),
		TEST(what_is_half_gone_is_found_under_the_name_that_it_had),
		TEST(one_is_opened_by_its_path_whole_or_half_gone_and_by_no_link),
		TEST(looking_removes_what_is_empty),
		TEST(there_may_be_no_sandboxes_at_all),
	};

	return cmocka_run_group_tests_name("gc_tree", tests, NULL, NULL);
}
