/* Ids are taken by jobs and given back in the loop: a lock guards them, and nothing else. */
#include "agent/disk/projects.h"

#include <pthread.h>

#include "agent/disk/misplaced.h"
#include "agent/gc_tree.h"
#include "lib/log.h"
#include "lib/project_owners.h"
#include "lib/timer.h"

/* XFS gives blocks of deleted files back in the background, within tens of milliseconds. */
#define LINGER_NS    (50 * NSEC_PER_MSEC)
#define LINGER_TRIES 20

struct projects {
	struct projects_options o;
	struct quota quota;
	struct enforcement enforcement;
	pthread_mutex_t lock;
	struct project_ids *ids;
	sd_event_source *timer;
	struct misplaced *misplaced;

	/* the look, at the ids that are orphaned */
	struct work job;
	bool looking, again;
	unsigned tries; /* in a row, since an id was orphaned */
	uint32_t *orphaned;
	size_t orphaned_count;
	bool *idle; /* for each of them: nothing is charged to it */
};

static void look(struct projects *p);

static int on_timer(sd_event_source *source unused, uint64_t usec unused, void *arg)
{
	look(arg);
	return 0;
}

const struct quota *projects_quota(const struct projects *p)
{
	return &p->quota;
}

struct enforcement *projects_enforcement(struct projects *p)
{
	return &p->enforcement;
}

int projects_new(const struct projects_options *o, struct projects **ret, struct error *e)
{
	struct projects *p = xcalloc(1, sizeof(*p));

	p->o = *o;
	p->misplaced = misplaced_new(p, o->pool, o->work_dir_fd);
	pthread_mutex_init(&p->lock, NULL);
	enforcement_init(&p->enforcement, &p->quota, o->enforced);
	if (project_ids_new(o->range, &p->ids, e) || quota_open(o->work_dir, &p->quota, e)) {
		projects_free(p);
		return -e->code;
	}
	*ret = p;
	return 0;
}

void projects_stop(struct projects *p)
{
	if (p)
		misplaced_stop(p->misplaced);
}

void projects_free(struct projects *p)
{
	if (!p)
		return;
	misplaced_free(p->misplaced);
	sd_event_source_disable_unref(p->timer);
	quota_close(&p->quota);
	project_ids_free(p->ids);
	free(p->orphaned);
	free(p->idle);
	pthread_mutex_destroy(&p->lock);
	enforcement_fini(&p->enforcement);
	free(p);
}

struct project_counts projects_counts(struct projects *p)
{
	struct project_counts c;

	pthread_mutex_lock(&p->lock);
	c = project_ids_counts(p->ids);
	pthread_mutex_unlock(&p->lock);
	return c;
}

/* ---- what is known at start ---- */

int projects_restore(struct projects *p, const struct project_row *row, struct error *e)
{
	return project_owners_restore(p->ids, row->project, row->sandbox, e);
}

/*
 * What rows say of a sandbox is so, whatever its directory says: that is put back. Two sandboxes of
 * one id are not our doing; the one that is known to have it keeps it.
 */
static void on_sandbox(const char *path, const char *container_id, int64_t mtime_ns unused,
		       bool gone, void *ctx)
{
	struct projects *p = ctx;
	autofd int fd = gc_tree_open(p->o.work_dir_fd, path, gone);
	struct project is = { .id = PROJECT_NONE };
	uint32_t own = PROJECT_NONE;

	if (fd < 0 || project_get(fd, &is) || is.id == PROJECT_NONE)
		return;
	switch (project_owners_claim(p->ids, path, is.id)) {
	case CLAIM_KNOWN:
	case CLAIM_ADOPTED: return;
	case CLAIM_OF_ANOTHER:
		log_error("container %s: its sandbox has project %u, which is that of %s: it gets "
			  "one of its own",
			  container_id, is.id, project_ids_sandbox(p->ids, is.id));
		break;
	case CLAIM_MOVED:
		project_ids_of(p->ids, path, &own);
		log_warning("container %s: its sandbox has project %u instead of %u: it is put "
			    "back",
			    container_id, is.id, own);
		break;
	case CLAIM_NOT_OURS:
		log_warning("container %s: its sandbox has project %u, which is not ours: it gets "
			    "one of its own",
			    container_id, is.id);
		break;
	}
	if (!gone)
		misplaced_add(p->misplaced, path, container_id);
}

static void each_sandbox(void *ctx)
{
	struct projects *p = ctx;

	gc_tree_find(p->o.work_dir_fd, *p->o.agent_id, on_sandbox, p);
}

static void orphan_if_gone(struct projects *p, const char *sandbox)
{
	autofd int fd = gc_tree_open(p->o.work_dir_fd, sandbox, false);
	autofd int gone = fd < 0 ? gc_tree_open(p->o.work_dir_fd, sandbox, true) : -EBADF;
	uint32_t id;

	if (fd < 0 && gone < 0)
		project_ids_orphan(p->ids, sandbox, &id);
}

/* Sandboxes that the rows know, and that went while nobody looked. */
static void orphan_missing(struct projects *p)
{
	autofree uint32_t *taken = NULL;
	size_t n;

	taken = project_ids_list(p->ids, PROJECT_TAKEN, &n);
	for (size_t i = 0; i < n; i++)
		orphan_if_gone(p, project_ids_sandbox(p->ids, taken[i]));
}

int projects_recover(struct projects *p, struct error *e)
{
	struct project_counts c;

	orphan_missing(p);
	if (project_owners_find(p->ids, &p->quota, p->o.work_dir_fd, each_sandbox, p, e))
		return -e->code;
	misplaced_begin(p->misplaced);
	timer_set(p->o.loop, &p->timer, 0, on_timer, p);
	c = projects_counts(p);
	log_info("projects: range=%s total=%llu taken=%llu orphaned=%llu foreign=%llu free=%llu",
		 p->o.range, (unsigned long long)c.total, (unsigned long long)c.taken,
		 (unsigned long long)c.orphaned, (unsigned long long)c.foreign,
		 (unsigned long long)c.free);
	return 0;
}

/* ---- taking ---- */

static int none_free(struct projects *p, struct error *e)
{
	struct project_counts c = project_ids_counts(p->ids);

	return error_set(e, ENOSPC,
			 "no project id of --xfs_project_range=%s is free: %llu in all, %llu of "
			 "sandboxes, %llu of sandboxes that are gone but still charged, %llu of "
			 "others; give it a larger range, or a shorter --gc_delay",
			 p->o.range, (unsigned long long)c.total, (unsigned long long)c.taken,
			 (unsigned long long)c.orphaned, (unsigned long long)c.foreign);
}

static int take_one(struct projects *p, const char *sandbox, uint32_t *ret, struct error *e)
{
	int r;

	pthread_mutex_lock(&p->lock);
	r = project_ids_take(p->ids, sandbox, ret) ? none_free(p, e) : 0;
	pthread_mutex_unlock(&p->lock);
	return r;
}

static void set_use(struct projects *p, uint32_t id, enum project_use use)
{
	pthread_mutex_lock(&p->lock);
	project_ids_restore(p->ids, id, use, NULL);
	pthread_mutex_unlock(&p->lock);
}

/*
 * Whatever is charged to an id that was free, or limits it, is not ours. The filesystem is asked
 * without the lock: the loop takes that too, and must not wait for a disk.
 */
static int take_free(struct projects *p, const char *sandbox, uint32_t *ret, struct error *e)
{
	struct quota_record r;

	while (!take_one(p, sandbox, ret, e)) {
		if (quota_get(&p->quota, *ret, &r, e)) {
			set_use(p, *ret, PROJECT_FREE);
			break;
		}
		if (!quota_in_use(&r))
			return 0;
		log_warning(
			"projects: project %u is in use by others: %llu bytes in %llu files are "
			"charged to it%s",
			*ret, (unsigned long long)r.bytes, (unsigned long long)r.inodes,
			r.bytes || r.inodes ? "" : ", and it has limits");
		set_use(p, *ret, PROJECT_FOREIGN);
	}
	return -e->code;
}

int projects_take(struct projects *p, const char *sandbox, uint32_t *ret, bool *ret_fresh,
		  struct error *e)
{
	pthread_mutex_lock(&p->lock);
	*ret_fresh = !project_ids_of(p->ids, sandbox, ret);
	pthread_mutex_unlock(&p->lock);
	return *ret_fresh ? take_free(p, sandbox, ret, e) : 0;
}

void projects_untake(struct projects *p, uint32_t id)
{
	set_use(p, id, PROJECT_FREE);
}

void projects_leave_to_others(struct projects *p, uint32_t id)
{
	log_warning("projects: project %u was taken by others at the same moment: it is left to "
		    "them; agents on one filesystem need an --xfs_project_range each",
		    id);
	set_use(p, id, PROJECT_FOREIGN);
}

static void put_row(struct projects *p, uint32_t id, const char *sandbox)
{
	struct project_row row = {
		.project = id,
		.has_project = true,
		.sandbox = (char *)(uintptr_t)sandbox,
	};

	store_put(p->o.store, &project_table, &row);
}

void projects_taken(struct projects *p, uint32_t id)
{
	autofree char *sandbox = NULL;

	pthread_mutex_lock(&p->lock);
	replace_str(&sandbox, project_ids_sandbox(p->ids, id));
	pthread_mutex_unlock(&p->lock);
	if (sandbox) /* or it is gone already */
		put_row(p, id, sandbox);
}

/* ---- giving back ---- */

/* Limits of an id that nobody has would surprise whoever comes next. */
static bool clear(struct projects *p, uint32_t id)
{
	static const struct quota_limits none;
	struct quota_record r;
	struct error e;

	if (quota_get(&p->quota, id, &r, &e) || r.bytes || r.inodes)
		return false;
	if (!quota_set(&p->quota, id, &none, &e))
		return true;
	log_warning("projects: %s", e.text);
	return false;
}

static void run_look(struct work *job)
{
	struct projects *p = container_of(job, struct projects, job);
	struct error e;

	enforcement_look(&p->enforcement, &e); /* which says what is to be said */
	for (size_t i = 0; i < p->orphaned_count; i++)
		p->idle[i] = clear(p, p->orphaned[i]);
}

/* False: it is out of the range now, and forgotten. */
static bool give_back(struct projects *p, uint32_t id)
{
	bool stays = project_ids_in_range(p->ids, id);

	pthread_mutex_lock(&p->lock);
	project_ids_give_back(p->ids, id);
	pthread_mutex_unlock(&p->lock);
	log_info("projects: project %u is free again", id);
	return stays;
}

static void forget_row(struct projects *p, uint32_t id)
{
	struct project_row row = { .project = id, .has_project = true };

	store_delete(p->o.store, &project_table, &row);
}

static size_t give_back_idle(struct projects *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->orphaned_count; i++) {
		if (!p->idle[i])
			continue;
		n++;
		/*
		 * Rows come back in the order in which they were first put: this one is the last of
		 * the free.
		 */
		forget_row(p, p->orphaned[i]);
		if (give_back(p, p->orphaned[i]))
			put_row(p, p->orphaned[i], NULL);
	}
	return n;
}

static void look_done(struct work *job)
{
	struct projects *p = container_of(job, struct projects, job);
	size_t freed = give_back_idle(p);
	bool rest = freed < p->orphaned_count;

	p->looking = false;
	p->tries = rest ? p->tries + 1 : 0;
	if (p->again)
		look(p);
	else
		timer_set(p->o.loop, &p->timer, projects_freeing(p) ? LINGER_NS : p->o.interval_ns,
			  on_timer, p);
	if (p->o.freed && (freed || (rest && !projects_freeing(p))))
		p->o.freed(p->o.ctx);
}

static void look(struct projects *p)
{
	p->again = p->looking;
	if (p->looking)
		return;
	free(p->orphaned);
	free(p->idle);
	pthread_mutex_lock(&p->lock);
	p->orphaned = project_ids_list(p->ids, PROJECT_ORPHANED, &p->orphaned_count);
	pthread_mutex_unlock(&p->lock);
	p->idle = xcalloc(p->orphaned_count + 1, sizeof(*p->idle));
	p->looking = true;
	p->job = (struct work){ .run = run_look, .done = look_done };
	work_submit(p->o.pool, &p->job);
}

void projects_gone(struct projects *p, const char *sandbox)
{
	uint32_t id;
	bool had;

	pthread_mutex_lock(&p->lock);
	had = project_ids_orphan(p->ids, sandbox, &id);
	pthread_mutex_unlock(&p->lock);
	if (!had)
		return;
	p->tries = 0;
	look(p);
}

bool projects_freeing(const struct projects *p)
{
	return p->again || (p->looking && p->orphaned_count) ||
	       (p->tries > 0 && p->tries < LINGER_TRIES);
}
