/*
 * What is deleted, when and in which order: on real directories, a disk of the test's own making
 * and rows that the test keeps in place of the store, to look at them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "agent/gc.h"
#include "lib/fs.h"
#include "lib/log.h"
#include "lib/sandbox_path.h"
#include "lib/units.h"
#include "tests/unit/loop.h"

#define RUNS  "slaves/A/frameworks/F/executors/E/runs"
#define HOUR  (3600 * NSEC_PER_SEC)
#define BLOCK 4096

static char *dir, *agent_id;
static sd_event *loop;
static struct work_pool *pool;
static struct gc *gc;
static struct agent_metrics metrics;
static struct gc_options options;
static struct error e;
static uint64_t used_blocks; /* of those below; each sandbox that is there adds 100 */
static unsigned looks;       /* at the disk, since a sandbox was deleted where that frees late */
static uint64_t blocks;      /* in all, 0: that is not known */
static uint64_t files;       /* in all; each sandbox has 100; 0: they are not counted */
static char *rows[16];
static int64_t since[16];
static size_t row_count;

/* ---- in place of the store and the disk ---- */

void store_put(struct store *s unused, const struct store_table *t, const void *rec)
{
	const struct garbage_row *row = rec;

	assert_ptr_equal(t, &garbage_table);
	assert_true(row->has_since && row_count < ARRAY_SIZE(rows));
	since[row_count] = row->since;
	rows[row_count++] = xstrdup(row->path);
}

void store_delete(struct store *s unused, const struct store_table *t unused, const void *rec)
{
	const struct garbage_row *row = rec;
	size_t i = 0;

	while (i < row_count && !str_equal(rows[i], row->path))
		i++;
	assert_true(i < row_count);
	free(rows[i]);
	rows[i] = rows[--row_count];
	since[i] = since[row_count];
}

static char *run_path(const char *id)
{
	return path_join(RUNS, id);
}

static bool there(const char *id)
{
	autofree char *path = run_path(id);
	struct stat st;

	return !fstatat(options.work_dir_fd, path, &st, AT_SYMLINK_NOFOLLOW);
}

/* Half of a deleted sandbox is free at the third look after that, the rest at the sixth. */
static uint64_t not_free_yet(void)
{
	if (!options.frees_late || !metrics.gc_succeeded)
		return 0;
	looks++;
	return looks < 3 ? 100 : looks < 6 ? 50 : 0;
}

static void count_looks_anew(const char *path unused, void *ctx unused)
{
	looks = 0;
}

static int disk(int fd unused, struct statvfs *ret)
{
	uint64_t used = not_free_yet();

	for (char id[] = "1"; *id <= '9'; ++*id)
		used += there(id) ? 100 : 0;
	*ret = (struct statvfs){ .f_blocks = blocks, .f_frsize = BLOCK, .f_files = files };
	ret->f_bfree = ret->f_bavail = 1000 - used_blocks - used;
	ret->f_ffree = ret->f_favail = files ? files - used : 0;
	return 0;
}

/* ---- the collector, as often as a test starts it ---- */

static void start(void)
{
	assert_int_equal(work_pool_new(loop, "test", 2, NULL, &pool, &e), 0);
	options.pool = pool;
	assert_int_equal(gc_new(&options, &gc, &e), 0);
}

static void end(void)
{
	gc_stop(gc);
	work_pool_free(take_ptr(pool));
	gc_free(take_ptr(gc));
}

static int setup(void **state unused)
{
	dir = xasprintf("%s/test-gc.XXXXXX", getenv("TMPDIR") ?: "/tmp");
	if (!mkdtemp(dir) || sd_event_new(&loop) < 0)
		return -1;
	agent_id = NULL;
	used_blocks = files = 0;
	blocks = 1000;
	metrics = (struct agent_metrics){ 0 };
	options = (struct gc_options){
		.loop = loop,
		.work_dir = dir,
		.work_dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		.agent_id = &agent_id,
		.delay_ns = HOUR,
		.watch_interval_ns = HOUR,
		.metrics = &metrics,
		.deleted = count_looks_anew,
		.disk = disk,
	};
	start();
	return 0;
}

static int teardown(void **state unused)
{
	int r;

	end();
	r = fs_remove_tree(AT_FDCWD, dir, &e);
	close_fd(&options.work_dir_fd);
	while (row_count)
		free(rows[--row_count]);
	free(take_ptr(dir));
	loop = sd_event_unref(loop);
	return r;
}

static void make(const char *id)
{
	autofree char *path = xasprintf("%s/" RUNS "/%s", dir, id);

	assert_int_equal(fs_mkdirs(path, 0700, &e), 0);
}

/* A sandbox that ended so long ago. */
static void garbage(const char *id, int64_t age_ns)
{
	autofree char *path = run_path(id);

	make(id);
	gc_add(gc, path, wall_ns() - age_ns);
}

static void restore_rows(void)
{
	for (size_t i = 0; i < row_count; i++) {
		struct garbage_row row = { .path = rows[i], .since = since[i], .has_since = true };

		assert_int_equal(gc_restore(gc, &row, &e), 0);
	}
}

static bool nobody_is_known(const char *id unused, void *ctx unused)
{
	return false;
}

/* ---- time ---- */

static void what_is_old_enough_is_deleted_and_its_row_after_it(void **state unused)
{
	garbage("1", HOUR);
	garbage("2", HOUR / 2);
	assert_true(there("1") && row_count == 2);
	assert_int_equal(metrics.gc_pending, 2);
	RUN_UNTIL(loop, metrics.gc_succeeded == 1);
	assert_false(there("1"));
	assert_true(there("2"));
	assert_int_equal(row_count, 1);
	assert_int_equal(metrics.gc_pending, 1);
}

static void what_becomes_old_enough_is_deleted_then(void **state unused)
{
	garbage("1", HOUR - 20 * NSEC_PER_MSEC);
	assert_true(there("1"));
	RUN_UNTIL(loop, metrics.gc_succeeded == 1);
	assert_false(there("1"));
}

static void what_is_garbage_already_stays_as_it_is(void **state unused)
{
	garbage("1", HOUR / 2);
	gc_add(gc, RUNS "/1", 0);
	assert_int_equal(row_count, 1);
	assert_int_equal(metrics.gc_pending, 1);
}

static void a_restart_keeps_the_schedule(void **state unused)
{
	garbage("1", HOUR - 20 * NSEC_PER_MSEC);
	garbage("2", HOUR / 2);
	end();
	assert_true(there("1"));
	start();
	restore_rows();
	assert_int_equal(metrics.gc_pending, 2);
	RUN_UNTIL(loop, metrics.gc_succeeded == 1);
	assert_false(there("1"));
	assert_true(there("2") && row_count == 1);
}

static void a_path_that_is_no_sandbox_is_refused(void **state unused)
{
	struct garbage_row row = { .path = (char *)"../etc" };

	assert_int_equal(gc_restore(gc, &row, &e), -EBADMSG);
	assert_string_equal(e.text, "garbage: '../etc' is not the path of a sandbox");
	gc_add(gc, "../etc", 0);
	assert_int_equal(row_count, 0);
	assert_int_equal(metrics.gc_pending, 0);
}

static void more_than_may_be_kept_are_not(void **state unused)
{
	end();
	options.entries_max = 2;
	start();
	garbage("1", NSEC_PER_SEC);
	garbage("2", 3 * NSEC_PER_SEC);
	garbage("3", 2 * NSEC_PER_SEC);
	RUN_UNTIL(loop, metrics.gc_succeeded == 1);
	assert_true(there("1") && there("3"));
	assert_false(there("2"));
}

/* ---- crashes ---- */

static void a_deletion_that_was_cut_short_is_finished_at_once(void **state unused)
{
	garbage("1", HOUR / 2);
	garbage("2", HOUR / 2);
	end();
	{
		autofree char *from = run_path("2");
		autofree char *to = run_path(".gone-2");

		assert_int_equal(renameat(options.work_dir_fd, from, options.work_dir_fd, to), 0);
	}
	start();
	restore_rows();
	gc_find_strays(gc, nobody_is_known, NULL);
	RUN_UNTIL(loop, metrics.gc_succeeded == 1);
	assert_false(there(".gone-2"));
	assert_true(there("1") && row_count == 1);
}

static void a_sandbox_that_is_gone_already_costs_only_its_row(void **state unused)
{
	gc_add(gc, RUNS "/1", 0);
	RUN_UNTIL(loop, metrics.gc_succeeded == 1);
	assert_int_equal(row_count, 0);
}

static bool all_but_1_are_known(const char *id, void *ctx)
{
	assert_ptr_equal(ctx, &metrics);
	return !str_equal(id, "1");
}

static void what_nobody_knows_is_garbage_since_it_was_changed_last(void **state unused)
{
	make("1");
	make("2");
	make(".gone-3");
	gc_find_strays(gc, all_but_1_are_known, &metrics);
	assert_int_equal(row_count, 2);
	assert_int_equal(since[0], 0);
	assert_string_equal(rows[1], RUNS "/1");
	assert_true(since[1] > wall_ns() - HOUR && since[1] <= wall_ns());
	RUN_UNTIL(loop, metrics.gc_succeeded == 1);
	assert_false(there(".gone-3"));
	assert_true(there("1") && there("2"));
}

/* ---- failures ---- */

static void what_cannot_be_deleted_is_tried_again_and_kept_in_mind(void **state unused)
{
	end();
	options.watch_interval_ns = 5 * NSEC_PER_MSEC;
	start();
	assert_int_equal(symlinkat("elsewhere", options.work_dir_fd, "slaves"), 0);
	gc_add(gc, RUNS "/1", 0);
	RUN_UNTIL(loop, metrics.gc_failed == 3);
	assert_int_equal(row_count, 1);
	assert_int_equal(metrics.gc_pending, 1);
	assert_int_equal(unlinkat(options.work_dir_fd, "slaves", 0), 0);
	RUN_UNTIL(loop, metrics.gc_succeeded == 1);
	assert_int_equal(row_count, 0);
}

static void what_cannot_be_deleted_keeps_nothing_else_back(void **state unused)
{
	make("2");
	assert_int_equal(symlinkat("F", options.work_dir_fd, "slaves/A/frameworks/G"), 0);
	gc_add(gc, "slaves/A/frameworks/G/executors/E/runs/2", 0);
	garbage("1", HOUR);
	RUN_UNTIL(loop, metrics.gc_succeeded == 1 && metrics.gc_failed == 1);
	assert_true(there("2") && !there("1"));
}

/* ---- the disk ---- */

static void a_full_disk_shortens_what_is_kept(void **state unused)
{
	end();
	options.watch_interval_ns = 20 * NSEC_PER_MSEC;
	options.headroom = 0.1;
	start();
	/*
	 * With three of them: 1 - 0.1 - 0.4 - 0.3 of an hour. Then of each that goes a tenth more.
	 */
	used_blocks = 400;
	garbage("1", HOUR / 10);
	garbage("2", HOUR / 2);
	garbage("3", HOUR / 3);
	RUN_UNTIL(loop, metrics.gc_succeeded == 2);
	assert_true(there("1"));
	used_blocks = 900;
	RUN_UNTIL(loop, metrics.gc_succeeded == 3);
	assert_false(there("1"));
}

static void so_does_one_that_has_few_inodes(void **state unused)
{
	end();
	options.watch_interval_ns = 20 * NSEC_PER_MSEC;
	start();
	files = 400; /* with two of them: 1 - 200 / 400 of an hour; with one, 3 / 4 */
	garbage("1", HOUR / 3);
	garbage("2", HOUR / 3 * 2);
	RUN_UNTIL(loop, metrics.gc_succeeded == 1);
	assert_true(there("1"));
}

/* Whatever errno was. */
static void a_disk_that_does_not_say_its_size_is_said_to_be_such(void **state unused)
{
	autofd int fd = memfd_create("log", MFD_CLOEXEC);
	char text[4096] = "";

	end();
	options.watch_interval_ns = 5 * NSEC_PER_MSEC;
	start();
	blocks = 0;
	assert_true(fd >= 0);
	log_set_file(fcntl(fd, F_DUPFD_CLOEXEC, 0), false);
	errno = ENOSPC;
	RUN_UNTIL(loop, pread(fd, text, sizeof(text) - 1, 0) > 0);
	log_set_file(-EBADF, false);
	assert_non_null(strstr(text, "is: it does not say how large it is\n"));
}

struct waiting_launch {
	struct gc_wait wait;
	unsigned called;
	char *left; /* which were there then */
};

static void on_room(struct gc_wait *w)
{
	struct waiting_launch *l = container_of(w, struct waiting_launch, wait);
	autobuf struct buf text = { 0 };

	for (char id[] = "1"; *id <= '9'; ++*id)
		if (there(id))
			buf_adds(&text, id);
	l->called++;
	replace_str(&l->left, buf_text(&text));
}

static void where_there_is_room_a_launch_goes_on_at_once(void **state unused)
{
	struct waiting_launch l = { .called = 0 };

	garbage("1", NSEC_PER_SEC);
	gc_make_room(gc, &l.wait, 900 * BLOCK, 0, on_room);
	assert_int_equal(l.called, 1);
	assert_string_equal(l.left, "1");
	free(l.left);
}

static void room_is_made_oldest_first_and_no_more_than_is_needed(void **state unused)
{
	struct waiting_launch l = { .called = 0 };

	garbage("1", NSEC_PER_SEC);
	garbage("2", HOUR / 2);
	garbage("3", HOUR / 4);
	garbage("4", HOUR / 8);
	gc_make_room(gc, &l.wait, 701 * BLOCK, 0, on_room);
	assert_int_equal(l.called, 0);
	RUN_UNTIL(loop, l.called);
	assert_string_equal(l.left, "14");
	assert_int_equal(l.called, 1);
	assert_int_equal(metrics.gc_succeeded, 2);
	free(l.left);
}

static void what_is_free_only_later_is_waited_for(void **state unused)
{
	struct waiting_launch l = { .called = 0 };

	end();
	options.frees_late = true;
	start();
	garbage("1", NSEC_PER_SEC);
	garbage("2", HOUR / 2);
	garbage("3", HOUR / 4);
	gc_make_room(gc, &l.wait, 800 * BLOCK, 0, on_room);
	RUN_UNTIL(loop, l.called);
	assert_string_equal(l.left, "13");
	l.called = 0;
	gc_make_room(gc, &l.wait, UINT64_MAX, 0, on_room);
	RUN_UNTIL(loop, l.called);
	assert_string_equal(l.left, "");
	free(l.left);
}

static void inodes_are_made_room_for_like_bytes(void **state unused)
{
	struct waiting_launch l = { .called = 0 };

	files = 350;
	garbage("1", NSEC_PER_SEC);
	garbage("2", HOUR / 2);
	garbage("3", HOUR / 4);
	gc_make_room(gc, &l.wait, 1 * BLOCK, 51, on_room);
	assert_int_equal(l.called, 0);
	RUN_UNTIL(loop, l.called);
	assert_string_equal(l.left, "13");
	free(l.left);
}

static void a_launch_goes_on_when_no_garbage_is_left(void **state unused)
{
	struct waiting_launch l = { .called = 0 };

	used_blocks = 700;
	garbage("1", NSEC_PER_SEC);
	gc_make_room(gc, &l.wait, 400 * BLOCK, 0, on_room);
	RUN_UNTIL(loop, l.called);
	assert_string_equal(l.left, "");
	assert_true(l.wait.in_vain);
	gc_make_room(gc, &l.wait, 300 * BLOCK, 0, on_room);
	assert_int_equal(l.called, 2);
	assert_false(l.wait.in_vain);
	gc_make_room(gc, &l.wait, UINT64_MAX, 0, on_room);
	assert_int_equal(l.called, 3);
	free(l.left);
}

static void what_cannot_be_deleted_keeps_no_launch_waiting(void **state unused)
{
	struct waiting_launch l = { .called = 0 };

	assert_int_equal(symlinkat("elsewhere", options.work_dir_fd, "slaves"), 0);
	gc_add(gc, RUNS "/1", wall_ns());
	gc_make_room(gc, &l.wait, UINT64_MAX, 0, on_room);
	RUN_UNTIL(loop, l.called);
	assert_int_equal(metrics.gc_failed, 1);
	assert_int_equal(unlinkat(options.work_dir_fd, "slaves", 0), 0);
	free(l.left);
}

static void launches_wait_in_order_and_may_leave_the_queue(void **state unused)
{
	struct waiting_launch a = { .called = 0 }, b = { .called = 0 }, c = { .called = 0 };

	garbage("1", NSEC_PER_SEC);
	garbage("2", 2 * NSEC_PER_SEC);
	gc_make_room(gc, &a.wait, 900 * BLOCK, 0, on_room);
	gc_make_room(gc, &b.wait, 1000 * BLOCK, 0, on_room);
	gc_make_room(gc, &c.wait, 1 * BLOCK, 0, on_room);
	assert_int_equal(c.called, 0);
	gc_wait_cancel(&b.wait);
	gc_wait_cancel(&b.wait);
	RUN_UNTIL(loop, c.called);
	assert_int_equal(a.called, 1);
	assert_int_equal(b.called, 0);
	assert_string_equal(a.left, "1");
	assert_string_equal(c.left, "1");
	free(a.left);
	free(c.left);
}

/* ---- the end, and flags ---- */

static void an_end_in_the_middle_leaves_the_row(void **state unused)
{
	struct waiting_launch l = { .called = 0 };

	garbage("1", NSEC_PER_SEC);
	garbage("2", 2 * NSEC_PER_SEC);
	gc_make_room(gc, &l.wait, 1000 * BLOCK, 0, on_room);
	end();
	assert_int_equal(row_count, 2);
	assert_int_equal(l.called, 0);
	gc_wait_cancel(&l.wait);
	start();
}

static void flags_have_their_limits(void **state unused)
{
	struct agent_flags f = { .gc_disk_headroom = 0.1, .disk_watch_interval = HOUR };

	assert_int_equal(gc_check_flags(&f, &e), 0);
	f.gc_disk_headroom = 1.01;
	assert_int_equal(gc_check_flags(&f, &e), -EINVAL);
	assert_string_equal(e.text, "--gc_disk_headroom: must be between 0 and 1, not '1.01'");
	f.gc_disk_headroom = -0.1;
	assert_int_equal(gc_check_flags(&f, &e), -EINVAL);
	f.gc_disk_headroom = __builtin_nan("");
	assert_int_equal(gc_check_flags(&f, &e), -EINVAL);
	f.gc_disk_headroom = 1;
	f.disk_watch_interval = 0;
	assert_int_equal(gc_check_flags(&f, &e), -EINVAL);
	assert_string_equal(e.text, "--disk_watch_interval: must be at least 1ms");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_old_enough_is_deleted_and_its_row_after_it),
		TEST(what_becomes_old_enough_is_deleted_then),
		TEST(what_is_garbage_already_stays_as_it_is),
		TEST(a_restart_keeps_the_schedule),
		TEST(a_path_that_is_no_sandbox_is_refused),
		TEST(more_than_may_be_kept_are_not),
		TEST(a_deletion_that_was_cut_short_is_finished_at_once),
		TEST(a_sandbox_that_is_gone_already_costs_only_its_row),
		TEST(what_nobody_knows_is_garbage_since_it_was_changed_last),
		TEST(what_cannot_be_deleted_is_tried_again_and_kept_in_mind),
		TEST(what_cannot_be_deleted_keeps_nothing_else_back),
		TEST(a_full_disk_shortens_what_is_kept),
		TEST(so_does_one_that_has_few_inodes),
		TEST(a_disk_that_does_not_say_its_size_is_said_to_be_such),
		TEST(where_there_is_room_a_launch_goes_on_at_once),
		TEST(room_is_made_oldest_first_and_no_more_than_is_needed),
		TEST(what_is_free_only_later_is_waited_for),
		TEST(inodes_are_made_room_for_like_bytes),
		TEST(a_launch_goes_on_when_no_garbage_is_left),
		TEST(what_cannot_be_deleted_keeps_no_launch_waiting),
		TEST(launches_wait_in_order_and_may_leave_the_queue),
		TEST(an_end_in_the_middle_leaves_the_row),
		cmocka_unit_test(flags_have_their_limits),
	};

	return cmocka_run_group_tests_name("gc", tests, NULL, NULL);
}
