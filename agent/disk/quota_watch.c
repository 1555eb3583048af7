/* What is asked of the kernel, and what its answers mean. */
#include "agent/disk/quota_watch.h"

#include "agent/disk/label.h"
#include "agent/disk/prealloc.h"
#include "agent/disk/warnings.h"
#include "lib/log.h"

/*
 * How long a reservation of XFS, or the charge of a file that was deleted, may outlive its cause.
 */
#define SECOND_LOOK_NS (100 * NSEC_PER_MSEC)

static struct quota_watch *quota_watch(const struct disk_watch *w)
{
	return container_of(w, struct quota_watch, watch);
}

/* ---- in the job ---- */

/*
 * XFS makes the limits of project 0 those of each project that has none, at the next thing that it
 * charges to it.
 */
static bool is_default(const struct quota *fs, const struct quota_limits *is)
{
	struct quota_record r;
	struct error e;

	return fs->fs->has_default && is->hard_bytes && !quota_get(fs, PROJECT_NONE, &r, &e) &&
	       is->soft_bytes == r.limits.soft_bytes && is->hard_bytes == r.limits.hard_bytes;
}

static bool equal(const struct quota *fs, const struct quota_limits *want,
		  const struct quota_limits *is)
{
	bool bytes = is->soft_bytes == quota_round(want->soft_bytes, fs->block_bytes) &&
		     is->hard_bytes == quota_round(want->hard_bytes, fs->block_bytes);

	return (bytes || (!want->hard_bytes && is_default(fs, is))) &&
	       is->soft_inodes == want->soft_inodes && is->hard_inodes == want->hard_inodes;
}

static int apply(struct quota_watch *q, struct error *e)
{
	const struct quota *fs = projects_quota(q->projects);

	if (quota_get(fs, q->project, &q->record, e))
		return -e->code;
	if (equal(fs, &q->applying, &q->record.limits))
		return 0;
	q->changed = true;
	if (quota_set(fs, q->project, &q->applying, e) || quota_get(fs, q->project, &q->record, e))
		return -e->code;
	if (!equal(fs, &q->applying, &q->record.limits))
		return error_set(e, EIO,
				 "the kernel took other limits of project %u than it was given",
				 q->project);
	return 0;
}

/*
 * Should the agent be killed now, the next one finds on the disk whose the limits are that come
 * before the label. Nothing inherits it yet: that would be without a limit.
 */
static int mark(int dirfd, uint32_t id, struct label_room *room, struct error *e)
{
	struct project want = { .id = id }, is;
	int r = project_get(dirfd, &is);

	if (!r && is.id == PROJECT_NONE)
		r = MIN(label_one(dirfd, &want, room), 0);
	return r ? error_set(e, -r, "give the sandbox to project %u: %s", id, strerror(-r)) : 0;
}

static uint64_t at_least(uint64_t limit, uint64_t needed)
{
	return limit ? MAX(limit, needed) : 0;
}

/*
 * Without CAP_SYS_RESOURCE, which our unit does not have, ext4 gives no project what is above its
 * limit. Until apply() puts that back, be it of the next agent, the limit is what is charged and
 * what comes: a task that takes this room may do so once for each try, and has a limit all along.
 */
static int make_room(void *ctx, uint64_t bytes, uint64_t inodes)
{
	const struct quota_watch *q = ctx;
	const struct quota *quota = projects_quota(q->projects);
	struct quota_limits l = q->applying;
	struct quota_record r;
	struct error e;

	if (quota_get(quota, q->project, &r, &e))
		return -e.code;
	l.soft_bytes = at_least(l.soft_bytes, r.bytes + bytes);
	l.hard_bytes = at_least(l.hard_bytes, r.bytes + bytes);
	l.soft_inodes = at_least(l.soft_inodes, r.inodes + inodes);
	l.hard_inodes = at_least(l.hard_inodes, r.inodes + inodes);
	if (equal(quota, &l, &r.limits) || !quota_set(quota, q->project, &l, &e))
		return 0;
	return -e.code;
}

static void note_rest(struct quota_watch *q, const struct error *why)
{
	q->rest = true;
	q->rest_why = *why;
}

static int label(struct quota_watch *q, int dirfd, const atomic_bool *cancel, uint64_t *changed,
		 struct error *e)
{
	struct label_room room = { .make = make_room, .ctx = q };
	int r = label_tree(dirfd, q->project, &room, cancel, changed, e);

	if (r == -ECANCELED)
		return r;
	q->rest = false;
	if (r)
		note_rest(q, e);
	return MIN(r, 0);
}

/*
 * That a project is nobody's is seen before the sandbox is in it, and somebody may have done the
 * same in between. Whoever looks again after that sees the other, be it that both do and both leave
 * it.
 */
static int look_for_others(const struct quota_watch *q, uint32_t id, bool *ret, struct error *e)
{
	struct quota_record r;

	if (quota_get(projects_quota(q->projects), id, &r, e))
		return -e->code;
	*ret = r.inodes > 1;
	return 0;
}

static int unmark(int dirfd, uint32_t id, struct error *e)
{
	const struct project none = { .id = PROJECT_NONE };
	int r = project_set(dirfd, &none);

	return r ? error_set(e, -r, "take the sandbox out of project %u: %s", id, strerror(-r)) : 0;
}

/* A fresh id. shared: it was not to be had. */
static int try_fresh(struct quota_watch *q, int dirfd, uint32_t id, bool *shared, struct error *e)
{
	int r = mark(dirfd, id, NULL, e) ?: look_for_others(q, id, shared, e);
	struct error ignored;

	if (r)
		unmark(dirfd, id, &ignored); /* the next one is to be looked at like this */
	else if (*shared)
		r = unmark(dirfd, id, e);
	if (r)
		projects_untake(q->projects, id);
	else if (*shared)
		projects_leave_to_others(q->projects, id);
	return r;
}

/* It had that before, and was taken out of it by somebody: it may be full. */
static int mark_again(struct quota_watch *q, int dirfd, uint32_t id, struct error *e)
{
	struct label_room room = { .make = make_room, .ctx = q };

	q->project = id;
	return mark(dirfd, id, &room, e);
}

static int take(struct quota_watch *q, int dirfd, struct error *e)
{
	bool fresh, shared;
	uint32_t id;
	int r;

	do {
		shared = false;
		r = projects_take(q->projects, q->sandbox, &id, &fresh, e);
		q->none_free = r == -ENOSPC;
		if (!r)
			r = fresh ? try_fresh(q, dirfd, id, &shared, e)
				  : mark_again(q, dirfd, id, e);
	} while (!r && shared);
	if (r)
		return r;
	q->project = id;
	return apply(q, e);
}

/*
 * Checks follow each other as fast as the kernel warns, and that is up to the task: one such walk
 * in each interval, and where another is to follow no more than half of the time of a thread.
 */
static bool is_due(const struct quota_watch *q, int64_t due_ns)
{
	return q->watch.began_ns >= due_ns || q->watch.last_started;
}

/* After a walk that has just ended. */
static int64_t walk_again(int64_t start_ns)
{
	int64_t now = now_ns();

	return now + (now - start_ns);
}

static int64_t next_walk(const struct quota_watch *q, int64_t start_ns)
{
	return MAX(q->watch.began_ns + q->watch.checks->options.interval_ns, walk_again(start_ns));
}

/*
 * What is made in a directory that was taken out of its project is not charged: first this is put
 * back.
 */
static int see_to_root(struct quota_watch *q, int dirfd, struct error *e)
{
	const struct project want = { .id = q->project, .inherited = true };
	struct label_room room = { .make = make_room, .ctx = q };
	int r = label_one(dirfd, &want, &room);

	if (r < 0)
		return error_set(e, -r, "its own directory could not be put into it: %s",
				 strerror(-r));
	if (r) {
		q->strayed = true;
		q->unfinished |= is_due(q, q->put_back_due_ns);
	}
	q->put_back += (unsigned)r;
	return 0;
}

static int establish(struct quota_watch *q, int dirfd, const atomic_bool *cancel, struct error *e)
{
	uint64_t changed;

	return take(q, dirfd, e)
		       ?: label(q, dirfd, cancel, &changed, e)
		       ?: see_to_root(q, dirfd, e)
		       ?: apply(q, e);
}

int quota_watch_establish(struct quota_watch *q, int dirfd, const atomic_bool *cancel,
			  struct error *e)
{
	q->applying = q->limits;
	return enforcement_look(projects_enforcement(q->projects), e)
		       ?: establish(q, dirfd, cancel, e);
}

/*
 * Files that are closed between the two readings of the charge give some back, others get more: the
 * least that it can be is held against the limit, and if that is not above it another walk follows.
 */
static int leave_out_advance(struct quota_watch *q, struct error *e)
{
	const struct quota *quota = projects_quota(q->projects);
	uint64_t before = q->record.bytes, advance;
	int64_t start_ns = now_ns();

	if (prealloc_bytes(q->watch.dirfd, &q->watch.cancel, &advance, e) ||
	    quota_get(quota, q->project, &q->record, e))
		return -e->code;
	q->counted = MIN(before, q->record.bytes);
	q->counted -= MIN(advance, q->counted);
	q->undecided = before != q->record.bytes && q->counted <= q->doubtful_bytes;
	q->advance_due_ns = q->undecided ? walk_again(start_ns) : next_walk(q, start_ns);
	return 0;
}

/*
 * What XFS preallocates ends no container above its soft limit; where the hard limit is the same,
 * the kernel counts it all.
 */
static bool leaves_advance_out(const struct quota_watch *q)
{
	return q->applying.hard_bytes != q->applying.soft_bytes &&
	       projects_quota(q->projects)->fs->preallocates;
}

/* How much of its charge that is will be known later. */
static bool is_in_doubt(const struct quota_watch *q)
{
	return leaves_advance_out(q) && !is_due(q, q->advance_due_ns);
}

/*
 * XFS reserves more than a write turns out to need, for an instant even beyond the hard limit, and
 * both filesystems free what was deleted a little later: who is above its limit for the first time
 * is looked at again, where it may take a while.
 */
static int doubt(struct quota_watch *q, struct error *e)
{
	const struct timespec pause = { .tv_nsec = SECOND_LOOK_NS };
	bool again = q->doubted;

	q->counted = q->record.bytes;
	q->doubted = q->record.bytes > q->doubtful_bytes;
	q->undecided &= q->doubted;
	if (!q->doubted)
		return 0;
	if (!again || is_in_doubt(q)) {
		q->unfinished |= !again;
		q->counted = q->doubtful_bytes;
		return 0;
	}
	q->undecided = false;
	nanosleep(&pause, NULL);
	if (quota_get(projects_quota(q->projects), q->project, &q->record, e))
		return -e->code;
	q->counted = q->record.bytes;
	return q->counted > q->doubtful_bytes && leaves_advance_out(q) ? leave_out_advance(q, e)
								       : 0;
}

/*
 * That takes a while, and not all may let itself be put back: its limits are in force before, and
 * it is measured after that all the same.
 */
static int put_back(struct quota_watch *q, struct error *e)
{
	int64_t start_ns = now_ns();
	uint64_t changed;
	int r;

	if (!q->strayed || !is_due(q, q->put_back_due_ns))
		return 0;
	if (apply(q, e))
		return -e->code;
	r = label(q, q->watch.dirfd, &q->watch.cancel, &changed, e);
	if (r == -ECANCELED)
		return r;
	q->put_back_due_ns = next_walk(q, start_ns);
	q->put_back += changed;
	q->strayed = r < 0;
	return 0;
}

static int measure(struct disk_watch *w)
{
	struct quota_watch *q = quota_watch(w);

	if (enforcement_look(projects_enforcement(q->projects), &w->error))
		return -w->error.code;
	/* Nothing will be written any more, and its sandbox may go at any time. */
	if (q->project == PROJECT_NONE && (w->last_started || atomic_load(&w->cancel)))
		return -ECANCELED;
	if (q->project == PROJECT_NONE && establish(q, w->dirfd, &w->cancel, &w->error)) {
		q->project = PROJECT_NONE;
		return -w->error.code;
	}
	if (put_back(q, &w->error))
		return -w->error.code;
	if (see_to_root(q, w->dirfd, &w->error))
		note_rest(q, &w->error);
	return apply(q, &w->error) ?: doubt(q, &w->error);
}

/* ---- in the loop ---- */

bool quota_watch_has_new_limits(const struct quota_watch *q)
{
	return memcmp(&q->applying, &q->limits, sizeof(q->limits)) != 0;
}

/* What goes through the whole sandbox takes a while. */
static struct work_pool *pool(const struct disk_watch *w)
{
	const struct quota_watch *q = quota_watch(w);
	bool walks = q->project == PROJECT_NONE || (q->strayed && is_due(q, q->put_back_due_ns)) ||
		     (q->doubted && !is_in_doubt(q));

	return walks ? w->checks->big_pool : w->checks->quota_pool;
}

static void begin(struct disk_watch *w)
{
	struct quota_watch *q = quota_watch(w);

	if (quota_watch_has_new_limits(q))
		q->advance_due_ns = 0; /* what was found below the old ones may be above these */
	q->applying = q->limits;
	q->strayed |= q->suspected;
	q->suspected = false;
	q->unfinished = q->changed = q->none_free = false;
	q->refused_before_check |= q->refused_since_check;
	q->refused_since_check = false;
	q->unheard = q->missed || (q->unheard && w->outcome);
	q->missed = false;
	q->doubtful_bytes = w->ledger->has_limit && !w->ledger->over
				    ? quota_round(w->ledger->limit_bytes,
						  projects_quota(q->projects)->block_bytes)
				    : UINT64_MAX;
}

static void remember_project(struct quota_watch *q)
{
	if (q->remembered == q->project)
		return;
	q->remembered = q->project;
	projects_taken(q->projects, q->project);
	log_info("container %s: its sandbox is of project %u", q->watch.name, q->project);
}

/* Once. */
static void tell_rest(struct quota_watch *q)
{
	if (q->rest && !q->rest_told)
		log_warning("container %s: its sandbox is not all of project %u yet: %s; that is "
			    "tried again at every look at the whole sandbox",
			    q->watch.name, q->project, q->rest_why.text);
	if (!q->rest && q->rest_told)
		log_info("container %s: its sandbox is all of project %u now", q->watch.name,
			 q->project);
	q->rest_told = q->rest;
}

static void tell_put_back(struct quota_watch *q)
{
	if (!q->put_back || q->strayed)
		return;
	log_warning("container %s: its sandbox was taken out of project %u, and is in it again: "
		    "files and directories that were not: %llu",
		    q->watch.name, q->project, (unsigned long long)q->put_back);
	q->put_back = 0;
}

/* ---- refusals ---- */

void quota_watch_refused(struct quota_watch *q)
{
	q->refused_since_check = true;
	disk_watch_soon(&q->watch);
}

static bool is_more(const struct quota_limits *now, const struct quota_limits *was)
{
	return now->hard_bytes > was->hard_bytes || now->hard_inodes > was->hard_inodes;
}

/*
 * A task that tries again and again is refused until the moment in which it is given more, and what
 * the kernel has said of that may not be read yet: all until now counts only if the next check
 * finds it at its limit all the same.
 */
static void put_refusals_behind(struct quota_watch *q)
{
	warnings_read(q->warnings);
	q->refused_under_old_limits |= q->refused_before_check || q->refused_since_check;
	q->refused_before_check = q->refused_since_check = false;
	q->unfinished |= q->refused_under_old_limits;
	if (is_more(&q->record.limits, &q->watch.ledger->limits))
		ledger_forget_refusal(q->watch.ledger);
}

bool quota_watch_take_refusal(struct quota_watch *q)
{
	bool ret;

	if (!q->watch.outcome && (q->unfinished || q->undecided))
		return false;
	ret = q->refused_before_check ||
	      (q->refused_under_old_limits && ledger_near(q->watch.ledger));
	q->refused_before_check = q->refused_under_old_limits = false;
	return ret;
}

void quota_watch_missed(struct quota_watch *q)
{
	q->missed = true;
	disk_watch_soon(&q->watch);
}

void quota_watch_suspect(struct quota_watch *q)
{
	q->suspected = true;
	disk_watch_soon(&q->watch);
}

/*
 * Of a container that was found again: until its first check has its turn, others from a time
 * without quotas may be labelled for long. What it makes in its sandbox from here on is held to its
 * limit; what cannot be done that check tells.
 */
static void hold(struct quota_watch *q)
{
	struct project want = { .inherited = true }, is;
	struct error e;

	q->applying = q->limits;
	if (!take(q, q->watch.dirfd, &e) && !project_get(q->watch.dirfd, &is)) {
		remember_project(q);
		want.id = q->project;
		if (is.id == want.id && !is.inherited)
			project_set(q->watch.dirfd, &want);
	}
	q->project = PROJECT_NONE;
}

void quota_watch_start(struct quota_watch *q, struct disk_checks *c)
{
	if (q->project != PROJECT_NONE) {
		remember_project(q);
	} else {
		hold(q);
		q->missed = true; /* nobody has listened meanwhile */
	}
	disk_watch_start(c, &q->watch);
}

static void book(struct disk_watch *w)
{
	struct quota_watch *q = quota_watch(w);
	struct disk_measure measure = {
		.witness = WITNESS_QUOTA,
		.bytes = q->record.bytes,
		.left_out = q->record.bytes - q->counted,
		.left_out_in_part = leaves_advance_out(q),
		.inodes = q->record.inodes,
		.ns = now_ns(),
		.wall_ns = wall_ns(),
	};
	bool disputed = w->ledger->disputed;

	if (measure.left_out_in_part && quota_watch_has_new_limits(q))
		measure.left_out = measure.bytes; /* that was not looked for under these */
	remember_project(q);
	tell_put_back(q);
	tell_rest(q);
	if (q->changed)
		put_refusals_behind(q);
	if (q->unfinished)
		disk_watch_soon(w);
	else if (q->undecided)
		disk_watch_by(w, q->advance_due_ns);
	w->ledger->filesystem = projects_quota(q->projects)->fs->name;
	w->ledger->project = q->project;
	w->ledger->limits = q->record.limits;
	w->ledger->block_bytes = projects_quota(q->projects)->block_bytes;
	ledger_measured(w->ledger, &measure);
	if (!w->ledger->disputed || disputed)
		return;
	log_warning("container %s: a scan finds %llu bytes in its sandbox, and only %llu are "
		    "charged to project %u: something escapes its quota",
		    w->name, (unsigned long long)w->ledger->scanned.bytes,
		    (unsigned long long)measure.bytes, q->project);
	quota_watch_suspect(q);
}

const struct disk_method quota_method = {
	.pool = pool,
	.begin = begin,
	.measure = measure,
	.book = book,
};
