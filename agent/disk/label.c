/* A scan that gives what it comes by to a project, or looks whose it is. */
#include "agent/disk/label.h"

#include <sys/stat.h>

#include "agent/disk/visit.h"

/* Where so many passes find something new, or cannot see all, more would not end it. */
#define PASSES_MAX 10
/* So many in a row that change nothing will do, where names come and go. */
#define PASSES_QUIET 3
/*
 * A task may use the room that was made for a file before that is tried, or write more into the
 * file: from the second try on there is some to spare, each time twice as much. A task that takes
 * it all has 31 MiB and 57 files of that.
 */
#define TRIES_MAX   6
#define SPARE_BYTES MIB

/* All but the first two are of this pass. */
struct labeller {
	uint32_t project;
	struct label_room *room;
	uint64_t changed;
	uint64_t held;     /* by leases */
	uint64_t replaced; /* by what is no regular file */
	uint64_t failed;
	int failure; /* the first one, -errno */
};

/* By what visit_open_file() says: the name is no regular file's any more. */
static bool is_replaced(int error)
{
	return error == ELOOP || error == ENXIO;
}

static bool is_refusal(int r)
{
	return r == -EDQUOT || r == -ENOSPC;
}

static int set_with_room(int fd, const struct project *want, struct label_room *room, int tried)
{
	uint64_t spare = tried ? SPARE_BYTES << (tried - 1) : 0;
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	return room->make(room->ctx, (uint64_t)st.st_blocks * STAT_BLOCK_BYTES + spare,
			  UINT64_C(1) << tried)
		       ?: project_set(fd, want);
}

/* After a refusal others are sure to follow: the kernel is not made to warn of each. */
static int set(int fd, const struct project *want, struct label_room *room)
{
	int r = room && room->needed ? -EDQUOT : project_set(fd, want);

	for (int i = 0; room && is_refusal(r) && i < TRIES_MAX; i++) {
		room->needed = true;
		r = set_with_room(fd, want, room, i);
	}
	return r;
}

int label_one(int fd, const struct project *want, struct label_room *room)
{
	struct project is;
	int r = project_get(fd, &is);

	if (!r && is.id == want->id && is.inherited == want->inherited)
		return 0;
	return r ?: set(fd, want, room) ?: 1;
}

static void fail(struct labeller *l, int failure)
{
	l->failed++;
	l->failure = l->failure ?: failure;
}

static void label(struct labeller *l, int fd, bool inherited)
{
	const struct project want = { .id = l->project, .inherited = inherited };
	int r;

	if (!l->room && is_refusal(l->failure)) /* so would this one be, and the task be told */
		return;
	r = label_one(fd, &want, l->room);
	if (r < 0)
		fail(l, r);
	else
		l->changed += (unsigned)r;
}

static void label_directory(void *ctx, int fd)
{
	label(ctx, fd, true);
}

static void label_file(void *ctx, int dirfd, const struct statx *dir unused, const char *name,
		       const struct statx *st)
{
	struct labeller *l = ctx;
	autofd int fd = -EBADF;

	if (!S_ISREG(st->stx_mode))
		return;
	fd = visit_open_file(dirfd, name);
	if (fd >= 0)
		label(l, fd, false);
	else if (errno == EWOULDBLOCK)
		l->held++;
	else if (is_replaced(errno))
		l->replaced++;
	else if (errno != ENOENT)
		fail(l, -errno);
}

/* CAP_FOWNER is not enough where chattr(1) has fixed a file. */
static const char *reason(int failure)
{
	return failure == -EPERM ? "the first is immutable, see lsattr -R" : strerror(-failure);
}

/*
 * The holder of a lease has been asked to give it back by our try, and has to within
 * /proc/sys/fs/lease-break-time.
 */
static int later(const struct labeller *l, const struct scan_result *seen, struct error *e)
{
	uint64_t unfollowed = seen->missed + seen->replaced + l->replaced;

	if (l->failed)
		error_set(e, EAGAIN,
			  "%llu of its files and directories could not be put into it: %s",
			  (unsigned long long)l->failed, reason(l->failure));
	else if (l->held)
		error_set(e, EAGAIN,
			  "a task holds leases (F_SETLEASE of fcntl(2)) on %llu of its files: what "
			  "it has in them is not charged until it gives the leases back, or ends",
			  (unsigned long long)l->held);
	else if (seen->cut)
		error_set(e, EAGAIN,
			  "a look at it " SCAN_CUT_FORMAT "; deleting what is not needed, or "
			  "ending the task, helps",
			  (unsigned long long)seen->inodes);
	else
		error_set(e, EAGAIN,
			  "files are moved about in it: the last of %d looks found %llu more, and "
			  "could not follow %llu names; stopping the task for a moment ends that",
			  PASSES_MAX, (unsigned long long)l->changed,
			  (unsigned long long)unfollowed);
	return LABEL_LATER;
}

int label_tree(int dirfd, uint32_t project, struct label_room *room, const atomic_bool *cancel,
	       uint64_t *changed, struct error *e)
{
	struct labeller l;
	struct scan_visitor visitor = {
		.directory = label_directory,
		.file = label_file,
		.ctx = &l,
	};
	struct scan_result seen;
	int quiet = 0;

	*changed = 0;
	for (int pass = 0; pass < PASSES_MAX; pass++) {
		l = (struct labeller){ .project = project, .room = room };
		if (visit_tree(dirfd, &visitor, cancel, &seen, e))
			return -e->code;
		*changed += l.changed;
		if (seen.cut)
			return later(&l, &seen, e);
		quiet = l.changed || l.replaced || seen.replaced ? 0 : quiet + 1;
		if ((quiet && !seen.missed) || quiet == PASSES_QUIET)
			return l.held || l.failed ? later(&l, &seen, e) : 0;
	}
	return later(&l, &seen, e);
}

static void check_directory(void *ctx, int fd)
{
	struct label_check *c = ctx;
	struct project is;

	if (!project_get(fd, &is) && (is.id != c->project || !is.inherited))
		atomic_fetch_add_explicit(&c->directories, 1, memory_order_relaxed);
}

static bool has_changed(const struct label_check *c, const struct statx *st)
{
	return scan_changed_ns(st) >= c->since_ns;
}

/*
 * XFS notes it in neither of two files that they were exchanged for each other (RENAME_EXCHANGE of
 * rename(2)), but in their directories: any file of one that has changed may be another.
 */
static void check_file(void *ctx, int dirfd, const struct statx *dir, const char *name,
		       const struct statx *st)
{
	struct label_check *c = ctx;
	autofd int fd = -EBADF;
	struct project is;

	if (!S_ISREG(st->stx_mode) || (!has_changed(c, st) && !has_changed(c, dir)))
		return;
	fd = visit_open_file(dirfd, name);
	if (fd >= 0 && !project_get(fd, &is) && is.id != c->project)
		atomic_fetch_add_explicit(&c->files, 1, memory_order_relaxed);
	else if (fd < 0 && !is_replaced(errno) && errno != ENOENT)
		atomic_fetch_add_explicit(&c->unseen, 1, memory_order_relaxed);
}

void label_check_init(struct label_check *c, uint32_t project, int64_t since_ns)
{
	c->project = project;
	c->since_ns = since_ns;
	atomic_init(&c->directories, 0);
	atomic_init(&c->files, 0);
	atomic_init(&c->unseen, 0);
	c->visitor =
		(struct scan_visitor){ .directory = check_directory, .file = check_file, .ctx = c };
}
