/*
 * The disk scan on trees made for it, against stat(2) of every name in them and
 * against du itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "agent/disk/visit.h"
#include "lib/fs.h"
#include "tests/unit/lookups.h"

enum { BLOCK = 4096, NOBODY = 65534 };

/* Every test has a directory of its own, and in it the tree that is scanned. */
struct place {
	char *path;
	int outside;
	int tree;
};

static void run(const char *fmt, const char *path)
{
	autofree char *command = xasprintf(fmt, path);

	assert_int_equal(system(command), 0);
}

static int open_dir(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static int make_dir(int at, const char *name)
{
	assert_int_equal(mkdirat(at, name, 0755), 0);
	return open_dir(at, name);
}

static int set_up(void **state)
{
	const char *tmp = getenv("TMPDIR");
	struct place *p = xcalloc(1, sizeof(*p));

	p->path = xasprintf("%s/test-scan.XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(p->path));
	assert_int_equal(chmod(p->path, 0755), 0);
	p->outside = open_dir(AT_FDCWD, p->path);
	p->tree = make_dir(p->outside, "tree");
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;

	close(p->tree);
	close(p->outside);
	run("rm -rf '%s'", p->path);
	free(p->path);
	free(p);
	return 0;
}

static void make_file(int at, const char *name, size_t n_bytes)
{
	autofd int fd = openat(at, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	if (n_bytes)
		assert_int_equal(posix_fallocate(fd, 0, (off_t)n_bytes), 0);
}

static uint64_t bytes_of(int at, const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return (uint64_t)st.st_blocks * STAT_BLOCK_BYTES;
}

static struct scan_result scan(int tree, unsigned threads)
{
	struct scan_options options = { .threads = threads };
	struct scan_result found = { 0 };
	struct error e;

	assert_int_equal(scan_tree(tree, &options, &found, &e), 0);
	return found;
}

static uint64_t du(const struct place *p)
{
	autofree char *command = xasprintf("du -s --block-size=1 -x '%s/tree'", p->path);
	FILE *f = popen(command, "re");
	uintmax_t bytes = 0;

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%ju", &bytes), 1);
	assert_int_equal(pclose(f), 0);
	return bytes;
}

static void an_empty_tree_is_its_root(void **state)
{
	struct place *p = *state;
	struct scan_result found = scan(p->tree, 1);

	assert_int_equal(found.bytes, bytes_of(p->tree, "."));
	assert_int_equal(found.inodes, 1);
	assert_int_equal(found.directories, 1);
	assert_int_equal(found.missed, 0);
}

static void files_and_directories_count_at_every_level(void **state)
{
	struct place *p = *state;
	autofd int a = make_dir(p->tree, "a");
	autofd int b = make_dir(a, "b");
	struct scan_result found;

	make_file(p->tree, "one", 1);
	make_file(a, "two", 3 * BLOCK);
	make_file(b, ".three", 5 * BLOCK);
	found = scan(p->tree, 1);
	assert_int_equal(found.bytes, bytes_of(p->tree, ".") + bytes_of(a, ".") + bytes_of(b, ".") +
					      bytes_of(p->tree, "one") + bytes_of(a, "two") +
					      bytes_of(b, ".three"));
	assert_int_equal(found.inodes, 6);
	assert_int_equal(found.directories, 3);
	assert_int_equal(found.bytes, du(p));
}

static void a_file_with_several_names_counts_once(void **state)
{
	struct place *p = *state;
	autofd int a = make_dir(p->tree, "a");
	autofd int b = make_dir(p->tree, "b");
	struct scan_result found;

	make_file(a, "file", 100 * BLOCK);
	assert_int_equal(linkat(a, "file", a, "beside", 0), 0);
	assert_int_equal(linkat(a, "file", b, "elsewhere", 0), 0);
	assert_int_equal(linkat(a, "file", p->outside, "outside", 0), 0);
	found = scan(p->tree, 2);
	assert_int_equal(found.bytes, bytes_of(p->tree, ".") + bytes_of(a, ".") + bytes_of(b, ".") +
					      bytes_of(a, "file"));
	assert_int_equal(found.inodes, 4);
	assert_int_equal(found.bytes, du(p));
}

static void what_has_not_changed_since_is_known(void **state)
{
	struct place *p = *state;
	struct scan_options options = { .settled_ns = 0 };
	struct scan_result found;
	struct error e;

	make_file(p->tree, "file", BLOCK);
	assert_int_equal(scan_tree(p->tree, &options, &found, &e), 0);
	assert_int_equal(found.settled, 0);
	options.settled_ns = wall_ns() + NSEC_PER_SEC;
	assert_int_equal(scan_tree(p->tree, &options, &found, &e), 0);
	assert_int_equal(found.settled, found.bytes);
	assert_true(found.settled >= BLOCK);
}

static void a_sparse_file_counts_by_its_blocks(void **state)
{
	struct place *p = *state;
	autofd int fd = openat(p->tree, "sparse", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	uint64_t empty = scan(p->tree, 1).bytes;

	assert_int_equal(ftruncate(fd, (off_t)GIB), 0);
	assert_int_equal(posix_fallocate(fd, (off_t)(GIB / 2), 2 * BLOCK), 0);
	assert_int_equal(scan(p->tree, 1).bytes, empty + bytes_of(p->tree, "sparse"));
	assert_in_range(scan(p->tree, 1).bytes - empty, 1, 64 * BLOCK);
}

static void a_symbolic_link_is_counted_but_never_followed(void **state)
{
	struct place *p = *state;
	autofd int a = make_dir(p->tree, "a");
	autofree char *long_target = xmalloc(1000);
	struct scan_result found;

	memset(long_target, 'x', 999);
	long_target[999] = '\0';
	assert_int_equal(symlinkat("..", a, "cycle"), 0);
	assert_int_equal(symlinkat("/", a, "host"), 0);
	assert_int_equal(symlinkat(long_target, a, "with-a-block"), 0);
	found = scan(p->tree, 1);
	assert_int_equal(found.inodes, 5);
	assert_int_equal(found.missed, 0);
	assert_int_equal(found.bytes, bytes_of(p->tree, ".") + bytes_of(a, ".") +
					      bytes_of(a, "cycle") + bytes_of(a, "host") +
					      bytes_of(a, "with-a-block"));
	assert_int_equal(found.bytes, du(p));
}

/* To open the FIFO would hang, and the socket would be an error. */
static void a_special_file_is_never_opened(void **state)
{
	struct place *p = *state;
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	autofd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct scan_result found;

	assert_int_equal(mkfifoat(p->tree, "fifo", 0600), 0);
	assert_true(snprintf(at.sun_path, sizeof(at.sun_path), "/proc/self/fd/%d/socket", p->tree) >
		    0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	found = scan(p->tree, 1);
	assert_int_equal(found.inodes, 3);
	assert_int_equal(found.missed, 0);
}

static void a_name_may_be_any_bytes(void **state)
{
	static const char *const names[] = { "\n", " ", "\xff\xfe", "...", "-x", "a\nb\tc", "..a" };
	struct place *p = *state;
	struct scan_result found;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		autofd int dir = make_dir(p->tree, names[i]);

		make_file(dir, names[i], BLOCK);
	}
	found = scan(p->tree, 1);
	assert_int_equal(found.inodes, 1 + 2 * ARRAY_SIZE(names));
	assert_int_equal(found.missed, 0);
	assert_int_equal(found.bytes, du(p));
}

/* As root too: another fsuid than root's has none of its capabilities. */
static void a_directory_that_cannot_be_read_is_missed_but_counted(void **state)
{
	struct place *p = *state;
	autofd int locked = make_dir(p->tree, "locked");
	struct scan_result found;

	make_file(p->tree, "file", BLOCK);
	make_file(locked, "hidden", BLOCK);
	assert_int_equal(fchmod(locked, 0), 0);
	setfsuid(NOBODY);
	found = scan(p->tree, 1);
	setfsuid(geteuid());
	assert_int_equal(fchmod(locked, 0700), 0);
	assert_int_equal(found.missed, 1);
	assert_int_equal(found.inodes, 3);
	assert_int_equal(found.bytes, bytes_of(p->tree, ".") + bytes_of(locked, ".") +
					      bytes_of(p->tree, "file"));
}

/* Names can be read there, but nothing behind them can be looked at. */
static void names_that_lead_nowhere_are_missed(void **state)
{
	struct place *p = *state;
	autofd int listed = make_dir(p->tree, "listed");
	struct scan_result found;

	assert_int_equal(mkdirat(listed, "dir", 0755), 0);
	make_file(listed, "file", BLOCK);
	assert_int_equal(fchmod(listed, 0444), 0);
	setfsuid(NOBODY);
	found = scan(p->tree, 1);
	setfsuid(geteuid());
	assert_int_equal(fchmod(listed, 0700), 0);
	assert_int_equal(found.missed, 2);
	assert_int_equal(found.inodes, 2);
}

static void exchange_for_link(int at, const char *name, int flag)
{
	assert_int_equal(unlinkat(at, name, flag), 0);
	assert_int_equal(symlinkat("..", at, name), 0);
}

/*
 * Of two files the one that is looked at second, and the directory, which is entered when all was
 * listed.
 */
static void on_first_file(void *ctx, int dirfd, const struct statx *dir unused, const char *name,
			  const struct statx *st unused)
{
	unsigned *files = ctx;

	if ((*files)++)
		return;
	exchange_for_link(dirfd, str_equal(name, "file") ? "other" : "file", 0);
	exchange_for_link(dirfd, "dir", AT_REMOVEDIR);
}

static void what_is_exchanged_for_a_link_while_it_is_scanned_is_noticed(void **state)
{
	struct place *p = *state;
	unsigned files = 0;
	struct scan_visitor visitor = { .file = on_first_file, .ctx = &files };
	struct scan_result found;
	struct error e;

	make_file(p->tree, "file", 0);
	make_file(p->tree, "other", 0);
	assert_int_equal(mkdirat(p->tree, "dir", 0755), 0);
	assert_int_equal(visit_tree(p->tree, &visitor, NULL, &found, &e), 0);
	assert_int_equal(files, 2);
	assert_int_equal(found.replaced, 2);
	assert_int_equal(found.inodes, 4);
	assert_int_equal(found.directories, 1);
	assert_int_equal(found.missed, 0);
}

/*
 * Two directories, one in the other. Whenever the walk comes to the inner one, that becomes the
 * outer one, with the other before it.
 */
struct seesaw {
	int tree;
	bool b_is_inner;
	unsigned entered, at_most;
	atomic_bool cancel;
};

static void rename_to(int at, const char *from, const char *to)
{
	assert_int_equal(renameat(at, from, at, to), 0);
}

static void on_seesaw(void *ctx, int fd unused)
{
	struct seesaw *s = ctx;

	/* The root, and the outer one. */
	if (s->entered++ < 2)
		return;
	if (s->entered >= s->at_most)
		atomic_store(&s->cancel, true);
	if (s->b_is_inner) {
		rename_to(s->tree, "a/b", "b");
		rename_to(s->tree, "a", "b/a");
	} else {
		rename_to(s->tree, "b/a", "a");
		rename_to(s->tree, "b", "a/b");
	}
	s->b_is_inner = !s->b_is_inner;
}

static void a_directory_that_is_moved_in_front_of_the_walk_is_entered_once(void **state)
{
	struct place *p = *state;
	struct seesaw s = { .tree = p->tree, .b_is_inner = true, .at_most = 1000 };
	struct scan_visitor visitor = { .directory = on_seesaw, .ctx = &s };
	struct scan_result found;
	struct error e;

	autofd int a = make_dir(p->tree, "a");

	make_file(a, "file", BLOCK);
	assert_int_equal(mkdirat(a, "b", 0755), 0);
	assert_int_equal(visit_tree(p->tree, &visitor, &s.cancel, &found, &e), 0);
	assert_int_equal(s.entered, 3);
	assert_int_equal(found.directories, 3);
	assert_int_equal(found.inodes, 4);
	assert_int_equal(found.replaced, 1);
	assert_int_equal(found.bytes, du(p));
}

static struct {
	const char *name; /* NULL: it was moved */
	int from, to;
} moved;

static bool move_once(const char *name, const struct open_how *how)
{
	if (!moved.name || !str_equal(name, moved.name))
		return false;
	assert_true(how->resolve & RESOLVE_BENEATH);
	moved.name = NULL;
	assert_int_equal(renameat(moved.from, name, moved.to, name), 0);
	errno = EXDEV;
	return true;
}

static struct scan_result visit_while_moved(int tree, int from, int to)
{
	struct scan_visitor visitor = { .ctx = NULL };
	struct scan_result found;
	struct error e;

	moved.name = "dir";
	moved.from = from;
	moved.to = to;
	on_lookup = move_once;
	assert_int_equal(visit_tree(tree, &visitor, NULL, &found, &e), 0);
	on_lookup = NULL;
	assert_null(moved.name);
	return found;
}

static void a_directory_that_is_moved_while_it_is_opened_is_no_mount_point(void **state)
{
	struct place *p = *state;
	autofd int dir = make_dir(p->tree, "dir");
	struct scan_result found;

	make_file(dir, "file", 0);
	found = visit_while_moved(p->tree, p->tree, p->tree); /* and back at once */
	assert_int_equal(found.inodes, 3);
	assert_int_equal(found.missed, 0);
	found = visit_while_moved(p->tree, p->tree, p->outside);
	assert_int_equal(found.inodes, 1);
	assert_int_equal(found.missed, 1);
}

/* In a mount namespace of its own, where another file is mounted on one of the two in the tree. */
static bool sees_only_one(struct place *p)
{
	struct scan_visitor visitor = { .ctx = NULL };
	autofree char *other = path_join(p->path, "other");
	autofree char *tree = path_join(p->path, "tree"), *file = path_join(tree, "file");
	struct scan_result found;
	struct error e;

	return !unshare(geteuid() ? CLONE_NEWUSER | CLONE_NEWNS : CLONE_NEWNS) &&
	       !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
	       !mount(other, file, NULL, MS_BIND, NULL) &&
	       !visit_tree(open_dir(AT_FDCWD, tree), &visitor, NULL, &found, &e) &&
	       found.inodes == 2;
}

static void a_file_that_is_mounted_on_another_is_left_out_with_one_mount(void **state)
{
	struct place *p = *state;
	int status;
	pid_t pid;

	make_file(p->outside, "other", 0);
	make_file(p->tree, "file", 0);
	make_file(p->tree, "second", 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		_exit(sees_only_one(p) ? EXIT_SUCCESS : EXIT_FAILURE);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void a_root_that_cannot_be_opened_is_an_error(void **state)
{
	struct place *p = *state;
	struct scan_options options = { .threads = 1 };
	struct scan_result found = { .bytes = 1 };
	struct error e;

	make_file(p->tree, "file", 0);
	autofd int file = openat(p->tree, "file", O_PATH | O_CLOEXEC);

	assert_int_equal(scan_tree(file, &options, &found, &e), -ENOTDIR);
	assert_string_equal(e.text, "scan: open the root of the tree: Not a directory");
	assert_int_equal(found.bytes, 1);
}

static void make_wide_tree(int tree, unsigned n_dirs, unsigned n_files)
{
	for (unsigned i = 0; i < n_dirs; i++) {
		autofree char *name = xasprintf("%u", i);
		autofree char *peer = xasprintf("%u/0", i / 2);
		autofd int dir = make_dir(tree, name);

		assert_int_equal(mkdirat(dir, "empty", 0755), 0);
		for (unsigned k = 0; k < n_files; k++) {
			autofree char *file = xasprintf("%u", k);

			make_file(dir, file, k % 3 * BLOCK);
		}
		assert_int_equal(linkat(tree, peer, dir, "link", 0), 0);
	}
}

/* Big enough for every thread to be started. */
static void any_number_of_threads_finds_the_same(void **state)
{
	struct place *p = *state;
	struct scan_result one, many;

	make_wide_tree(p->tree, 200, 30);
	one = scan(p->tree, 1);
	assert_int_equal(one.inodes, 1 + 200 * 32);
	assert_int_equal(one.bytes, du(p));
	for (unsigned threads = 0; threads < 9; threads++) {
		many = scan(p->tree, threads);
		assert_int_equal(many.bytes, one.bytes);
		assert_int_equal(many.inodes, one.inodes);
		assert_int_equal(many.directories, one.directories);
		assert_int_equal(many.missed, 0);
	}
}

/* A chain of directories, each with a second one beside it that has one of its own. */
static void make_comb(int tree, unsigned depth)
{
	autofd int at = dup(tree);

	for (unsigned i = 0; i < depth; i++) {
		autofd int beside = make_dir(at, "beside");
		int down = make_dir(at, "down");

		assert_int_equal(mkdirat(beside, "leaf", 0755), 0);
		close(at);
		at = down;
	}
}

static rlim_t limit_fds(rlim_t n)
{
	struct rlimit limit;
	rlim_t before;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	before = limit.rlim_cur;
	limit.rlim_cur = n;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	return before;
}

static void check_depth(struct place *p, unsigned depth, rlim_t n_fds)
{
	rlim_t before = limit_fds(n_fds);
	struct scan_result one = scan(p->tree, 1), many = scan(p->tree, 3);

	limit_fds(before);
	assert_int_equal(one.missed, 0);
	assert_int_equal(one.inodes, 1 + 3 * (uint64_t)depth);
	assert_int_equal(one.bytes, du(p));
	assert_int_equal(many.missed, 0);
	assert_int_equal(many.bytes, one.bytes);
}

static void a_tree_may_be_deep_and_descriptors_few(void **state)
{
	struct place *p = *state;

	make_comb(p->tree, 10000);
	check_depth(p, 10000, 64);
}

/* Fewer than one worker would hold: it closes some of its own and goes on. */
static void running_out_of_descriptors_costs_nothing(void **state)
{
	struct place *p = *state;
	rlim_t before;
	struct scan_result found;

	make_comb(p->tree, 100);
	before = limit_fds((rlim_t)p->tree + 8);
	found = scan(p->tree, 1);
	limit_fds(before);
	assert_int_equal(found.missed, 0);
	assert_int_equal(found.inodes, 301);
}

static void a_scan_can_be_cancelled_before_it_starts(void **state)
{
	struct place *p = *state;
	atomic_bool cancel = true;
	struct scan_options options = { .threads = 2, .cancel = &cancel };
	struct scan_result found = { .bytes = 1 };
	struct error e;

	make_wide_tree(p->tree, 3, 3);
	assert_int_equal(scan_tree(p->tree, &options, &found, &e), -ECANCELED);
	assert_int_equal(found.bytes, 1);
}

struct cancelling {
	struct scan_budget *budget;
	int64_t unpaid_ns; /* its balance before the scan */
	atomic_bool *cancel;
};

static int64_t balance(struct scan_budget *b)
{
	int64_t ns;

	pthread_mutex_lock(&b->lock);
	ns = b->balance_ns;
	pthread_mutex_unlock(&b->lock);
	return ns;
}

/* Cancels once the scan has paid, so that it is about to wait if it does not yet. */
static void *cancel_after_payment(void *arg)
{
	struct cancelling *c = arg;

	while (balance(c->budget) >= c->unpaid_ns)
		sched_yield();
	atomic_store(c->cancel, true);
	return NULL;
}

/* Its debt would keep the scan waiting for years. */
static void a_scan_that_waits_for_its_budget_can_be_cancelled(void **state)
{
	struct place *p = *state;
	struct scan_budget budget;
	atomic_bool cancel = false;
	struct scan_options options = { .threads = 2, .cancel = &cancel, .budget = &budget };
	struct cancelling c = { .budget = &budget, .cancel = &cancel };
	struct scan_result found;
	struct error e;
	pthread_t thread;

	make_wide_tree(p->tree, 20, 20);
	scan_budget_init(&budget, 1e-9, now_ns());
	scan_budget_charge(&budget, 3600 * NSEC_PER_SEC, now_ns());
	c.unpaid_ns = balance(&budget);
	assert_int_equal(pthread_create(&thread, NULL, cancel_after_payment, &c), 0);
	assert_int_equal(scan_tree(p->tree, &options, &found, &e), -ECANCELED);
	pthread_join(thread, NULL);
}

static void a_scan_pays_for_the_cpu_it_used(void **state)
{
	struct place *p = *state;
	struct scan_budget budget;
	struct scan_options options = { .threads = 1, .budget = &budget };
	struct scan_result found;
	struct error e;

	/* Too slow to earn anything back meanwhile. */
	scan_budget_init(&budget, 1e-9, now_ns());
	assert_int_equal(scan_tree(p->tree, &options, &found, &e), 0);
	assert_true(found.cpu_ns > 0);
	assert_in_range(SCAN_BUDGET_BURST_NS - budget.balance_ns,
			found.cpu_ns - MIN(found.cpu_ns, 10), found.cpu_ns);
	assert_int_equal(scan_budget_throttled_ns(&budget), 0);
}

/* A thread that changes the tree over and over until it is told to stop. */
struct change {
	int from, to;
	const char *name, *new_name;
	bool creates;
	atomic_bool stop, failed;
};

static bool change_and_undo(const struct change *c)
{
	if (!c->creates)
		return renameat(c->from, c->name, c->to, c->new_name) == 0 &&
		       renameat(c->to, c->new_name, c->from, c->name) == 0;
	return mknodat(c->from, c->name, S_IFREG | 0600, 0) == 0 &&
	       renameat(c->from, c->name, c->to, c->new_name) == 0 &&
	       unlinkat(c->to, c->new_name, 0) == 0;
}

static void *keep_changing(void *arg)
{
	struct change *c = arg;

	while (!atomic_load(&c->stop) && !atomic_load(&c->failed))
		atomic_store(&c->failed, !change_and_undo(c));
	return NULL;
}

static void files_that_come_and_go_leave_the_sample_standing(void **state)
{
	struct place *p = *state;
	autofd int dir = make_dir(p->tree, "dir");
	struct change c = {
		.from = dir, .to = p->tree, .name = "a", .new_name = "b", .creates = true
	};
	uint64_t rest;
	pthread_t thread;

	make_wide_tree(p->tree, 5, 20);
	rest = scan(p->tree, 1).bytes;
	assert_int_equal(pthread_create(&thread, NULL, keep_changing, &c), 0);
	for (unsigned i = 0; i < 200; i++)
		assert_in_range(scan(p->tree, 1 + i % 2).bytes, rest, rest + BLOCK);
	atomic_store(&c.stop, true);
	pthread_join(thread, NULL);
	assert_false(atomic_load(&c.failed));
	assert_int_equal(scan(p->tree, 1).bytes, rest);
}

static int descend(int at, unsigned depth)
{
	int fd = dup(at);

	while (depth--) {
		int down = open_dir(fd, "down");

		close(fd);
		fd = down;
	}
	return fd;
}

/* What a walk that lost its way would take for its own directories, and count. */
static int make_host(int outside)
{
	int at = dup(outside);

	for (unsigned i = 0; i < 16; i++) {
		int host = make_dir(at, "host");
		autofd int beside = make_dir(host, "beside");

		make_file(beside, "secret", 4096 * BLOCK);
		close(at);
		at = host;
	}
	return at;
}

/* So deep that the way back leads through "..", out of a directory that was moved. */
static void a_directory_moved_away_leads_nowhere(void **state)
{
	struct place *p = *state;
	autofd int host = make_host(p->outside);
	struct change c = { .to = host, .name = "down", .new_name = "down" };
	struct scan_result rest, found;
	pthread_t thread;

	make_comb(p->tree, 200);
	rest = scan(p->tree, 1);
	autofd int middle = descend(p->tree, 100);

	c.from = middle;
	assert_int_equal(pthread_create(&thread, NULL, keep_changing, &c), 0);
	for (unsigned i = 0; i < 400; i++) {
		found = scan(p->tree, 1 + i % 2);
		assert_true(found.bytes <= rest.bytes);
		assert_true(found.inodes <= rest.inodes);
	}
	atomic_store(&c.stop, true);
	pthread_join(thread, NULL);
	assert_false(atomic_load(&c.failed));
	assert_int_equal(scan(p->tree, 1).bytes, rest.bytes);
}

/* ---- bounds ---- */

static struct scan_result scan_within(int tree, unsigned threads, uint64_t names, uint64_t memory)
{
	struct scan_options options = { .threads = threads,
					.names_max = names,
					.memory_max = memory };
	struct scan_result found;
	struct error e;

	assert_int_equal(scan_tree(tree, &options, &found, &e), 0);
	return found;
}

static void a_scan_stops_after_so_many_names(void **state)
{
	struct place *p = *state;
	uint64_t bytes;

	make_wide_tree(p->tree, 200, 30);
	bytes = scan(p->tree, 1).bytes;
	for (unsigned threads = 1; threads < 4; threads++) {
		struct scan_result found = scan_within(p->tree, threads, 4000, 0);

		assert_true(found.cut);
		assert_true(found.missed > 0);
		assert_in_range(found.inodes, 2000, 5000);
		assert_in_range(found.bytes, 1, bytes - 1);
	}
	assert_false(scan(p->tree, 1).cut);
}

/* Makes one more directory in each that the walk comes to. */
struct maker {
	unsigned made, at_most;
	atomic_bool cancel;
};

static void make_another(void *ctx, int fd)
{
	struct maker *m = ctx;

	assert_int_equal(mkdirat(fd, "another", 0755), 0);
	if (++m->made >= m->at_most)
		atomic_store(&m->cancel, true);
}

static struct scan_result scan_while_made(int tree, struct scan_options options)
{
	struct maker m = { .at_most = 20000 };
	struct scan_visitor visitor = { .directory = make_another, .ctx = &m };
	struct scan_result found;
	struct error e;

	options.visitor = &visitor;
	options.cancel = &m.cancel;
	assert_int_equal(scan_tree(tree, &options, &found, &e), 0);
	assert_true(found.cut);
	assert_int_equal(found.directories, m.made);
	assert_true(found.missed > 0);
	return found;
}

static void directories_made_in_front_of_a_scan_end_it_after_so_many_names(void **state)
{
	struct place *p = *state;

	scan_while_made(p->tree, (struct scan_options){ .names_max = 2000 });
}

static void a_tree_that_is_too_deep_is_left_out_from_there_on(void **state)
{
	struct place *p = *state;
	struct scan_result found;

	make_file(p->tree, "file", 1000 * BLOCK);
	found = scan_while_made(p->tree, (struct scan_options){ .memory_max = 100000 });
	assert_int_equal(found.missed, 1);
	assert_in_range(found.directories, 100, 5000);
	assert_true(found.bytes > 1000 * BLOCK);
}

static void what_has_too_many_subdirectories_is_seen_in_part(void **state)
{
	struct place *p = *state;
	struct scan_result found;

	make_file(p->tree, "file", 1000 * BLOCK);
	make_wide_tree(p->tree, 200, 1);
	found = scan_within(p->tree, 2, 0, 4000);
	assert_true(found.cut);
	assert_in_range(found.missed, 1, 399);
	assert_in_range(found.directories, 20, 300);
	assert_true(found.bytes > 1000 * BLOCK);
}

static void files_with_more_names_than_can_be_remembered_are_missed(void **state)
{
	struct place *p = *state;
	struct scan_result found;

	for (unsigned i = 0; i < 20; i++) {
		autofree char *name = xasprintf("%u", i), *link = xasprintf("%u.link", i);

		make_file(p->tree, name, BLOCK);
		assert_int_equal(linkat(p->tree, name, p->tree, link, 0), 0);
	}
	make_file(p->tree, "file", BLOCK);
	found = scan_within(p->tree, 1, 0, 500);
	assert_true(found.cut);
	assert_in_range(found.inodes, 2 + 5, 2 + 15);
	assert_true(found.missed >= 20 - (found.inodes - 2));
	assert_int_equal(scan(p->tree, 1).inodes, 22);
	assert_false(scan_within(p->tree, 1, 0, 5000).cut);
}

static void *lower_priority(void *nice_ret)
{
	scan_thread_lower_priority();
	*(int *)nice_ret = getpriority(PRIO_PROCESS, (id_t)gettid());
	return NULL;
}

static void only_the_calling_thread_is_lowered(void **state unused)
{
	int before = getpriority(PRIO_PROCESS, (id_t)gettid()), lowered = 0;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, lower_priority, &lowered), 0);
	pthread_join(thread, NULL);
	assert_int_equal(lowered, MAX(before, 10));
	assert_int_equal(getpriority(PRIO_PROCESS, (id_t)gettid()), before);
}

#define IN_A_PLACE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_PLACE(an_empty_tree_is_its_root),
		IN_A_PLACE(files_and_directories_count_at_every_level),
		IN_A_PLACE(a_file_with_several_names_counts_once),
		IN_A_PLACE(what_has_not_changed_since_is_known),
		IN_A_PLACE(a_sparse_file_counts_by_its_blocks),
		IN_A_PLACE(a_symbolic_link_is_counted_but_never_followed),
		IN_A_PLACE(a_special_file_is_never_opened),
		IN_A_PLACE(a_name_may_be_any_bytes),
		IN_A_PLACE(a_directory_that_cannot_be_read_is_missed_but_counted),
		IN_A_PLACE(names_that_lead_nowhere_are_missed),
		IN_A_PLACE(what_is_exchanged_for_a_link_while_it_is_scanned_is_noticed),
		IN_A_PLACE(a_directory_that_is_moved_in_front_of_the_walk_is_entered_once),
		IN_A_PLACE(a_directory_that_is_moved_while_it_is_opened_is_no_mount_point),
		IN_A_PLACE(a_file_that_is_mounted_on_another_is_left_out_with_one_mount),
		IN_A_PLACE(a_root_that_cannot_be_opened_is_an_error),
		IN_A_PLACE(any_number_of_threads_finds_the_same),
		IN_A_PLACE(a_tree_may_be_deep_and_descriptors_few),
		IN_A_PLACE(running_out_of_descriptors_costs_nothing),
		IN_A_PLACE(a_scan_can_be_cancelled_before_it_starts),
		IN_A_PLACE(a_scan_that_waits_for_its_budget_can_be_cancelled),
		IN_A_PLACE(a_scan_pays_for_the_cpu_it_used),
		IN_A_PLACE(files_that_come_and_go_leave_the_sample_standing),
		IN_A_PLACE(a_directory_moved_away_leads_nowhere),
		IN_A_PLACE(a_scan_stops_after_so_many_names),
		IN_A_PLACE(directories_made_in_front_of_a_scan_end_it_after_so_many_names),
		IN_A_PLACE(a_tree_that_is_too_deep_is_left_out_from_there_on),
		IN_A_PLACE(what_has_too_many_subdirectories_is_seen_in_part),
		IN_A_PLACE(files_with_more_names_than_can_be_remembered_are_missed),
		cmocka_unit_test(only_the_calling_thread_is_lowered),
	};

	return cmocka_run_group_tests_name("scan", tests, NULL, NULL);
}
