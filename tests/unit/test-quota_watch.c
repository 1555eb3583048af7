/*
 * What the kernel is asked for when a sandbox is given its project, and at its checks: the kernel
 * is one that refuses at the limit whoever asks, as ext4 does without CAP_SYS_RESOURCE.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>

#include "agent/disk/quota_watch.h"
#include "agent/disk/warnings.h"
#include "tests/unit/inodes.h"
#include "tests/unit/place.h"

enum { PROJECT = 5, BLOCK = 4096, TRIES = 6 };

static struct error e;

/* ---- the kernel, and a task ---- */

static struct quota_limits limits;
static uint64_t most_room; /* that there ever was above what was charged */
static bool greedy;        /* the task takes all that it can get, as soon as it can */
static uint64_t taken;
static bool is_xfs;
static uint64_t advance; /* of what is taken, what XFS gave */
static unsigned walks;   /* to find that out */
static uint64_t grows;   /* meanwhile */

static struct quota_record charged(void)
{
	struct quota_record r = { .limits = limits, .bytes = taken };

	for (size_t i = 0; i < inodes_count; i++)
		if (inodes[i].is.id == PROJECT) {
			r.bytes += inodes[i].bytes;
			r.inodes++;
		}
	return r;
}

int project_set(int fd, const struct project *p)
{
	struct inode *i = inode(fd);
	struct quota_record r = charged();

	if (i->refuses)
		return i->refuses;
	if (i->is.id != PROJECT && limits.hard_bytes && r.bytes + i->bytes > limits.hard_bytes)
		return -EDQUOT;
	if (i->is.id != PROJECT && limits.hard_inodes && r.inodes >= limits.hard_inodes)
		return -EDQUOT;
	i->is = *p;
	return 0;
}

int prealloc_bytes(int dirfd unused, const atomic_bool *cancel unused, uint64_t *ret,
		   struct error *why unused)
{
	walks++;
	*ret = advance;
	taken += grows;
	return 0;
}

uint64_t quota_round(uint64_t bytes, uint64_t block_bytes)
{
	return block_bytes ? (bytes + block_bytes - 1) / block_bytes * block_bytes : bytes;
}

int quota_get(const struct quota *q unused, uint32_t project, struct quota_record *ret,
	      struct error *why unused)
{
	assert_int_equal(project, PROJECT);
	*ret = charged();
	return 0;
}

int quota_set(const struct quota *q unused, uint32_t project, const struct quota_limits *l,
	      struct error *why unused)
{
	uint64_t bytes = charged().bytes;

	assert_int_equal(project, PROJECT);
	assert_true(l->hard_bytes && l->hard_inodes);
	assert_true(l->soft_bytes <= l->hard_bytes && l->soft_inodes <= l->hard_inodes);
	limits = *l;
	limits.soft_bytes = quota_round(limits.soft_bytes, BLOCK);
	limits.hard_bytes = quota_round(limits.hard_bytes, BLOCK);
	if (limits.hard_bytes <= bytes)
		return 0;
	most_room = MAX(most_room, limits.hard_bytes - bytes);
	if (greedy)
		taken += limits.hard_bytes - bytes;
	return 0;
}

bool quota_near(double percent unused, uint64_t inodes_used unused, uint64_t inodes_limit unused)
{
	return false;
}

/* ---- what is around it ---- */

const struct quota *projects_quota(const struct projects *p unused)
{
	static struct quota quota = { .block_bytes = BLOCK };

	quota.fs = filesystem_named(is_xfs ? "xfs" : "ext4");
	return &quota;
}

struct enforcement *projects_enforcement(struct projects *p unused)
{
	return NULL;
}

int enforcement_look(struct enforcement *n unused, struct error *why unused)
{
	return 0;
}

int projects_take(struct projects *p unused, const char *sandbox unused, uint32_t *ret,
		  bool *ret_fresh, struct error *why unused)
{
	*ret = PROJECT;
	*ret_fresh = false;
	return 0;
}

void projects_taken(struct projects *p unused, uint32_t id unused)
{
}

void projects_untake(struct projects *p unused, uint32_t id unused)
{
}

void projects_leave_to_others(struct projects *p unused, uint32_t id unused)
{
}

void warnings_read(struct warnings *w unused)
{
}

void disk_watch_start(struct disk_checks *c unused, struct disk_watch *w unused)
{
}

static bool soon, by; /* another check follows */

void disk_watch_soon(struct disk_watch *w unused)
{
	soon = true;
}

void disk_watch_by(struct disk_watch *w unused, int64_t ns unused)
{
	by = true;
}

/* ---- sandboxes ---- */

#define INTERVAL_NS (15 * NSEC_PER_SEC)

static struct ledger ledger;
static struct disk_checks checks = { .options = { .interval_ns = INTERVAL_NS } };
static int64_t now; /* the loop's clock, from a time on when a walk is due */
static struct quota_watch watch;

static int setup(void **state unused)
{
	int r = place_make();

	inodes_count = 0;
	limits = (struct quota_limits){ 0 };
	taken = most_room = 0;
	greedy = is_xfs = false;
	walks = 0;
	grows = 0;
	now = now_ns();
	ledger = (struct ledger){ 0 };
	watch = (struct quota_watch){
		.watch = { .checks = &checks, .name = "c", .dirfd = top, .ledger = &ledger },
		.limits = { 16 * BLOCK, 17 * BLOCK, 100, 100 },
	};
	return r;
}

static int teardown(void **state unused)
{
	return place_remove();
}

static struct inode *make_file(const char *name, uint64_t blocks)
{
	autofd int fd = openat(top, name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(posix_fallocate(fd, 0, (off_t)blocks * BLOCK), 0);
	return inode(fd);
}

static int check(void)
{
	struct disk_watch *w = &watch.watch;
	int r;

	soon = by = false;
	w->began_ns = now;
	quota_method.begin(w);
	r = quota_method.measure(w);
	if (!r)
		quota_method.book(w);
	return r;
}

static void assert_own_limits(void)
{
	assert_memory_equal(&limits, &watch.limits, sizeof(limits));
}

static void what_is_above_its_limit_is_charged_while_it_has_one(void **state unused)
{
	struct inode *files[] = { make_file("a", 10), make_file("b", 10), make_file("c", 10) };

	assert_int_equal(check(), 0);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		assert_int_equal(files[i]->is.id, PROJECT);
	assert_own_limits();
	assert_int_equal(ledger.used.bytes, charged().bytes);
	assert_true(ledger.used.bytes > limits.hard_bytes);
	/* When it began there was more than that file needs. */
	assert_true(most_room <= limits.hard_bytes);
	assert_false(watch.rest);
}

static void so_are_more_files_than_it_may_have(void **state unused)
{
	struct inode *files[] = { make_file("a", 1), make_file("b", 1), make_file("c", 1) };

	watch.limits.soft_inodes = watch.limits.hard_inodes = 2;
	assert_int_equal(check(), 0);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		assert_int_equal(files[i]->is.id, PROJECT);
	assert_own_limits();
	assert_int_equal(ledger.used.inodes, 4);
}

static void a_task_that_takes_the_room_gets_no_more_than_that(void **state unused)
{
	struct inode *file = make_file("file", 10);
	uint64_t before;

	assert_int_equal(quota_watch_establish(&watch, top, NULL, &e), 0);
	file->is.id = PROJECT_NONE;
	taken = watch.limits.hard_bytes;
	before = charged().bytes;
	most_room = 0;
	greedy = true;
	quota_watch_suspect(&watch);
	assert_int_equal(check(), 0);
	assert_own_limits();
	assert_int_equal(most_room, file->bytes + 16 * MIB);
	assert_int_equal(charged().bytes, before + TRIES * file->bytes + 31 * MIB);
	assert_true(watch.rest);

	greedy = false;
	now += INTERVAL_NS;
	quota_watch_suspect(&watch);
	assert_int_equal(check(), 0);
	assert_own_limits();
	assert_int_equal(file->is.id, PROJECT);
	assert_false(watch.rest);
}

static void what_refuses_keeps_nobody_from_limits_and_measuring(void **state unused)
{
	struct inode *file = make_file("file", 2), *fixed = make_file("fixed", 2);

	assert_int_equal(quota_watch_establish(&watch, top, NULL, &e), 0);
	file->is.id = fixed->is.id = PROJECT_NONE;
	fixed->refuses = -EPERM;
	watch.limits.hard_bytes = watch.limits.soft_bytes = 8 * BLOCK;
	quota_watch_suspect(&watch);
	assert_int_equal(check(), 0);
	assert_own_limits();
	assert_int_equal(file->is.id, PROJECT);
	assert_int_equal(ledger.used.bytes, charged().bytes);
	assert_true(watch.rest && watch.rest_told && !watch.strayed);
	assert_non_null(strstr(watch.rest_why.text, "immutable"));

	fixed->refuses = 0;
	now += INTERVAL_NS;
	quota_watch_suspect(&watch);
	assert_int_equal(check(), 0);
	assert_int_equal(fixed->is.id, PROJECT);
	assert_false(watch.rest || watch.rest_told);
}

static void nor_does_the_sandbox_itself(void **state unused)
{
	assert_int_equal(quota_watch_establish(&watch, top, NULL, &e), 0);
	inode(top)->is.inherited = false;
	inode(top)->refuses = -EPERM;
	watch.limits.hard_bytes = watch.limits.soft_bytes = 8 * BLOCK;
	assert_int_equal(check(), 0);
	assert_own_limits();
	assert_true(watch.rest_told);

	inode(top)->refuses = 0;
	assert_int_equal(check(), 0);
	assert_true(inode(top)->is.inherited && watch.strayed);
	assert_int_equal(check(), 0);
	assert_false(watch.rest_told || watch.strayed);
}

static void before_the_container_begins_the_sandbox_itself_must_have_it(void **state unused)
{
	inode(top)->is.id = PROJECT;
	inode(top)->refuses = -EPERM;
	assert_int_equal(quota_watch_establish(&watch, top, NULL, &e), -EPERM);
	inode(top)->refuses = 0;
	assert_int_equal(quota_watch_establish(&watch, top, NULL, &e), 0);
	assert_own_limits();
}

static void one_that_is_not_wanted_any_more_is_left_where_it_is(void **state unused)
{
	struct inode *file = make_file("file", 1);
	atomic_bool unwanted = true;

	assert_int_equal(quota_watch_establish(&watch, top, &unwanted, &e), -ECANCELED);
	assert_int_equal(file->is.id, PROJECT_NONE);
	assert_own_limits(); /* nothing is ever in a project without one */
	atomic_store(&unwanted, false);
	assert_int_equal(quota_watch_establish(&watch, top, &unwanted, &e), 0);
	assert_int_equal(file->is.id, PROJECT);
	assert_own_limits();
}

/* It may be taken out as often as its owner likes. */
static void a_sandbox_is_put_back_once_in_an_interval(void **state unused)
{
	struct inode *file = make_file("file", 2);

	assert_int_equal(quota_watch_establish(&watch, top, NULL, &e), 0);
	inode(top)->is.inherited = false;
	assert_int_equal(check(), 0);
	assert_true(watch.strayed && soon);
	assert_int_equal(check(), 0);
	assert_false(watch.strayed || soon);

	inode(top)->is.inherited = false;
	file->is.id = PROJECT_NONE;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(check(), 0);
		assert_true(inode(top)->is.inherited && watch.strayed && !soon);
		assert_int_equal(file->is.id, PROJECT_NONE);
	}
	now += INTERVAL_NS;
	assert_int_equal(check(), 0);
	assert_false(watch.strayed);
	assert_int_equal(file->is.id, PROJECT);
}

/* By what was preallocated, it is thought. */
static void is_above_its_limit(void)
{
	is_xfs = true;
	ledger.has_limit = true;
	ledger.limit_bytes = watch.limits.soft_bytes;
	assert_int_equal(quota_watch_establish(&watch, top, NULL, &e), 0);
	taken = watch.limits.soft_bytes;
	advance = charged().bytes - taken + BLOCK;
	assert_int_equal(check(), 0);
	assert_true(soon && !walks && !ledger.over);
}

/* The kernel warns of its soft limit as often as it is crossed, and each time a check follows. */
static void what_was_preallocated_is_looked_for_once_in_an_interval(void **state unused)
{
	is_above_its_limit();
	assert_int_equal(check(), 0);
	assert_true(walks == 1 && !soon && !ledger.over);
	assert_int_equal(ledger_counted(&ledger), charged().bytes - advance);

	advance = 0; /* it is all its own by now */
	for (int i = 0; i < 3; i++) {
		assert_int_equal(check(), 0);
		assert_true(walks == 1 && !soon && !ledger.over);
	}
	now += INTERVAL_NS;
	assert_int_equal(check(), 0);
	assert_true(walks == 2 && ledger.over);
}

static void or_again_when_it_changed_meanwhile(void **state unused)
{
	is_above_its_limit();
	grows = BLOCK;
	assert_int_equal(check(), 0);
	assert_true(walks == 1 && by && !soon && !ledger.over);
	assert_true(watch.advance_due_ns < now + INTERVAL_NS);
	now = watch.advance_due_ns - 1;
	assert_int_equal(check(), 0);
	assert_true(walks == 1 && by && !ledger.over);
	grows = advance = 0;
	now = watch.advance_due_ns;
	assert_int_equal(check(), 0);
	assert_true(walks == 2 && !by && ledger.over);
}

static void or_when_its_limit_is_another(void **state unused)
{
	is_above_its_limit();
	assert_int_equal(check(), 0);
	assert_true(walks == 1 && !ledger.over);
	advance = 0;
	watch.limits.soft_bytes -= BLOCK;
	ledger_set_limit(&ledger, true, watch.limits.soft_bytes);
	assert_int_equal(check(), 0);
	assert_true(walks == 2 && ledger.over);
}

/* How much of it is its own is found out under each limit anew, and until then nobody is ended. */
static void a_lower_limit_waits_for_the_check_that_looks_for_it(void **state unused)
{
	struct disk_watch *w = &watch.watch;

	is_xfs = true;
	ledger_set_limit(&ledger, true, watch.limits.soft_bytes);
	assert_int_equal(quota_watch_establish(&watch, top, NULL, &e), 0);
	taken = advance = 8 * BLOCK;
	assert_int_equal(check(), 0);
	assert_true(!soon && !ledger.over && ledger_counted(&ledger) == charged().bytes);

	w->began_ns = now;
	quota_method.begin(w);
	assert_int_equal(quota_method.measure(w), 0);
	watch.limits.soft_bytes = 4 * BLOCK;
	ledger_set_limit(&ledger, true, 4 * BLOCK);
	assert_false(ledger.over);
	quota_method.book(w);
	assert_true(ledger.used.bytes == charged().bytes && !ledger.over);

	assert_int_equal(check(), 0);
	assert_true(soon && !ledger.over);
	assert_int_equal(check(), 0);
	assert_true(walks == 1 && !ledger.over);
	advance = 0;
	now += INTERVAL_NS;
	assert_int_equal(check(), 0);
	assert_true(walks == 2 && ledger.over);
}

/* Of one that was found again and has ended before its first check: its sandbox may be gone. */
static void who_has_ended_without_a_project_is_given_none(void **state unused)
{
	watch.sandbox = "s";
	quota_method.begin(&watch.watch);
	atomic_store(&watch.watch.cancel, true);
	assert_int_equal(quota_method.measure(&watch.watch), -ECANCELED);
	assert_int_equal(inode(top)->is.id, PROJECT_NONE);
}

#define IN_A_PLACE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_PLACE(what_is_above_its_limit_is_charged_while_it_has_one),
		IN_A_PLACE(so_are_more_files_than_it_may_have),
		IN_A_PLACE(a_task_that_takes_the_room_gets_no_more_than_that),
		IN_A_PLACE(what_refuses_keeps_nobody_from_limits_and_measuring),
		IN_A_PLACE(nor_does_the_sandbox_itself),
		IN_A_PLACE(a_sandbox_is_put_back_once_in_an_interval),
		IN_A_PLACE(what_was_preallocated_is_looked_for_once_in_an_interval),
		IN_A_PLACE(or_again_when_it_changed_meanwhile),
		IN_A_PLACE(or_when_its_limit_is_another),
		IN_A_PLACE(a_lower_limit_waits_for_the_check_that_looks_for_it),
		IN_A_PLACE(who_has_ended_without_a_project_is_given_none),
		IN_A_PLACE(before_the_container_begins_the_sandbox_itself_must_have_it),
		IN_A_PLACE(one_that_is_not_wanted_any_more_is_left_where_it_is),
	};

	return cmocka_run_group_tests_name("quota_watch", tests, NULL, NULL);
}
