/* From flags to what the kernel is told, from what the kernel says to containers. */
#include "agent/quotas.h"

#include <sys/stat.h>

#include "agent/disk/warnings.h"
#include "agent/gc.h"
#include "agent/isolator/isolator.h"
#include "lib/log.h"
#include "lib/quota_check.h"
#include "lib/units.h"

#define ACTION_DENY "deny"
#define ACTION_KILL "kill"

/*
 * XFS refuses a write when less is left than it may need in the worst case, some 196 KiB where
 * directories grow: nobody would get above the soft limit, which is what a container is killed for.
 */
#define HEADROOM_MIN (256 * KIB)

/* ---- flags ---- */

bool quotas_kills(const struct agent *a)
{
	const char *action = a->flags.disk_quota_action;

	if (a->flags.xfs_kill_containers || !isolators_have_quota(a->node.isolators))
		return true;
	return str_equal(action, ACTION_KILL);
}

static int check_action(const struct agent_flags *f, bool quota, struct error *e)
{
	const char *action = f->disk_quota_action;

	if (!action)
		return 0;
	if (strcmp(action, ACTION_DENY) && strcmp(action, ACTION_KILL))
		return error_set(e, EINVAL, "--disk_quota_action: must be deny or kill, not '%s'",
				 action);
	if (strcmp(action, ACTION_DENY))
		return 0;
	if (f->xfs_kill_containers)
		return error_set(e, EINVAL,
				 "--disk_quota_action=deny and --xfs_kill_containers say opposite "
				 "things: leave one out");
	if (!quota)
		return error_set(e, EINVAL,
				 "--disk_quota_action=deny: only a disk quota isolator can: add "
				 "disk/quota to --isolation");
	return 0;
}

static int check_headroom(const struct agent *a, struct error *e)
{
	if (!isolators_have_quota(a->node.isolators) || !quotas_kills(a) ||
	    !a->flags.enforce_container_disk_quota || a->flags.xfs_quota_headroom >= HEADROOM_MIN)
		return 0;
	return error_set(e, EINVAL,
			 "--xfs_quota_headroom: must be 256KB or more, or the filesystem refuses "
			 "writes before a container is above its limit, which is then never "
			 "killed");
}

int quotas_check_flags(const struct agent *a, struct error *e)
{
	const struct agent_flags *f = &a->flags;
	struct project_ids *ids;

	if (check_action(f, isolators_have_quota(a->node.isolators), e) || check_headroom(a, e) ||
	    project_ids_new(f->xfs_project_range, &ids, e))
		return -e->code;
	project_ids_free(ids);
	if (f->has_quota_default && !isolators_have_quota(a->node.isolators))
		return error_set(e, EINVAL,
				 "--quota_default: needs disk/xfs or disk/quota in --isolation");
	return 0;
}

/* ---- what the kernel says ---- */

static struct container *find_container(struct agent *a, uint32_t project)
{
	struct container *c;

	if (project == PROJECT_NONE)
		return NULL;
	list_for_each(c, &a->node.containers, node_entry)
		if (c->phase != CONTAINER_ENDED && c->quota.watch.checks &&
		    c->quota.remembered == project)
			return c;
	return NULL;
}

/* Who has no limit of its own is held by the default of all. */
static void refuse(struct container *c, enum quota_warning what, uint64_t default_bytes)
{
	autobuf struct buf message = { 0 };

	if (ledger_refused(&c->disk, now_ns()))
		c->node->metrics->disk_denied++;
	if (what == QUOTA_REFUSED_BLOCK) {
		buf_adds(&message, "Disk quota (");
		bytes_print(c->quota.limits.hard_bytes ?: default_bytes, &message);
		buf_adds(&message, ") is used up: a write was refused");
	} else {
		buf_addf(&message, "Disk quota (%llu files) is used up: a new one was refused",
			 (unsigned long long)c->quota.limits.hard_inodes);
	}
	container_refused(c, buf_text(&message));
}

void quotas_found_full(struct agent *a, struct container *c)
{
	const struct ledger *l = &c->disk;
	bool files = l->limits.hard_inodes && l->used.inodes >= l->limits.hard_inodes;

	refuse(c, files ? QUOTA_REFUSED_FILE : QUOTA_REFUSED_BLOCK, a->flags.quota_default);
}

static void on_warned(void *ctx, uint32_t project, enum quota_warning what, uint64_t count)
{
	struct agent *a = ctx;
	struct container *c = find_container(a, project);

	if (!c)
		return;
	if (what != QUOTA_NEAR) {
		a->metrics.disk_refusals += (double)count;
		refuse(c, what, a->flags.quota_default);
	} else {
		disk_watch_soon(&c->quota.watch);
	}
}

static void on_lost(void *ctx)
{
	struct agent *a = ctx;
	struct container *c;

	list_for_each(c, &a->node.containers, node_entry)
		if (c->phase != CONTAINER_ENDED && c->quota.watch.checks)
			quota_watch_missed(&c->quota);
}

static const struct warnings_ops warnings_ops = { .warned = on_warned, .lost = on_lost };

/* Without them a check every interval has to do. */
static void listen_for_warnings(struct agent *a)
{
	struct stat st;
	struct error e;
	int r = fstat(a->work_dir_fd, &st) ? error_sys(&e, "stat %s", a->flags.work_dir) : 0;

	if (r || warnings_new(a->loop, st.st_dev, &warnings_ops, a, &a->node.warnings, &e))
		log_warning(
			"quotas: %s: refused writes and passed limits are only seen by the check "
			"every --container_disk_watch_interval",
			e.text);
}

/* ---- set up ---- */

static void on_freed(void *ctx)
{
	struct agent *a = ctx;

	gc_look_again(a->gc);
}

int quotas_set_up(struct agent *a, struct error *e)
{
	struct projects_options o = {
		.loop = a->loop,
		.pool = a->node.pool,
		.store = a->store,
		.work_dir = a->flags.work_dir,
		.work_dir_fd = a->work_dir_fd,
		.agent_id = &a->id,
		.range = a->flags.xfs_project_range,
		.enforced = a->flags.enforce_container_disk_quota || a->flags.quota_default,
		.interval_ns = a->flags.disk_watch_interval,
		.freed = on_freed,
		.ctx = a,
	};

	if (a->flags.enforce_container_disk_quota && !quotas_wanted(a))
		log_warning("--enforce_container_disk_quota: no limit of disk is enforced, for "
			    "--isolation=%s has neither posix/disk nor a disk quota isolator",
			    a->flags.isolation);
	if (!isolators_have_quota(a->node.isolators))
		return 0;
	a->node.quota_rules = (struct quota_rules){
		.enforced = a->flags.enforce_container_disk_quota,
		.headroom_bytes = quotas_kills(a) ? a->flags.xfs_quota_headroom : 0,
		.inodes_per_gb = a->flags.quota_inodes_per_gb,
	};
	if (projects_new(&o, &a->node.projects, e))
		return -e->code;
	listen_for_warnings(a);
	return 0;
}

void quotas_stop(struct agent *a)
{
	gc_wait_cancel(&a->ids_wait);
	projects_stop(a->node.projects);
}

void quotas_free(struct agent *a)
{
	warnings_free(a->node.warnings);
	projects_free(a->node.projects);
}

/* ---- the net below all others ---- */

/* The limits of project 0 are, on XFS, those of every project that has none: others' too. */
static int set_default(struct agent *a, struct error *e)
{
	const struct quota *q = projects_quota(a->node.projects);
	struct quota_limits l = { .hard_bytes = a->flags.quota_default,
				  .soft_bytes = a->flags.quota_default };
	struct project_counts c = projects_counts(a->node.projects);
	int r = quota_check_default(q, l.hard_bytes, c.others, e);
	struct error why;

	if (!r)
		return quota_set(q, PROJECT_NONE, &l, e);
	if (r != -EEXIST)
		return r;
	why = *e;
	return error_set(e, EEXIST,
			 "%s: see xfs_quota -x -c 'report -p' $(findmnt -no TARGET -T %s)",
			 why.text, q->path);
}

int quotas_recover(struct agent *a, struct error *e)
{
	if (!a->node.projects)
		return 0;
	if (projects_recover(a->node.projects, e))
		return -e->code;
	return a->flags.has_quota_default ? set_default(a, e) : 0;
}

/* ---- for others ---- */

static bool lacks_id(const struct container *c)
{
	return c->phase != CONTAINER_ENDED && c->quota.lacks_id;
}

/*
 * It was told that there is one, be it that its hooks still run, and takes it in the job that
 * prepares it; isolator modules are asked after that.
 */
static bool takes_id(const struct container *c)
{
	const struct executor *x = c->owner;

	return c->phase == CONTAINER_PREPARING && !c->planning && x && !x->room.fn;
}

/*
 * Those that were let go on and have none yet will take one, and those that were found again and
 * lack one; but for one of these if it is they who wait now.
 */
static uint64_t wanted(const struct agent *a)
{
	uint64_t taking = 0, lacking = 0;
	const struct container *c;

	list_for_each(c, &a->node.containers, node_entry) {
		taking += takes_id(c);
		lacking += lacks_id(c);
	}
	return taking + lacking - (a->ids_wait.fn && lacking);
}

static void on_free_ids(struct gc_wait *w)
{
	struct agent *a = container_of(w, struct agent, ids_wait);
	struct container *c;

	if (!projects_counts(a->node.projects).free)
		return; /* no garbage was left: after its next check it asks again */
	list_for_each(c, &a->node.containers, node_entry)
		if (lacks_id(c))
			disk_watch_soon(&c->quota.watch);
}

void quotas_missed(struct agent *a, const struct container *c)
{
	if (!a->ids_wait.fn && lacks_id(c))
		gc_make_room(a->gc, &a->ids_wait, 0, 0, on_free_ids);
}

enum gc_more quotas_more(void *agent)
{
	struct agent *a = agent;

	if (!a->node.projects || projects_counts(a->node.projects).free > wanted(a))
		return GC_ENOUGH;
	return projects_freeing(a->node.projects) ? GC_COMING : GC_MISSING;
}

void quotas_sandbox_deleted(const char *path, void *agent)
{
	struct agent *a = agent;

	if (a->node.projects)
		projects_gone(a->node.projects, path);
}

bool quotas_wanted(const struct agent *a)
{
	return a->flags.enforce_container_disk_quota && isolators_have_disk(a->node.isolators);
}

bool quotas_unenforced(const struct agent *a)
{
	return a->node.projects && enforcement_is_off(projects_enforcement(a->node.projects), NULL);
}

void quotas_add_health(const struct agent *a, struct buf *out)
{
	struct error why;

	if (a->node.projects && enforcement_is_off(projects_enforcement(a->node.projects), &why))
		buf_addf(out,
			 "No disk limit in %s can be relied on, and no task can be launched: %s; "
			 "see mesos-agentctl quota check.\n",
			 a->flags.work_dir, why.text);
}

void quotas_read_metrics(struct agent *a)
{
	struct project_counts c;

	if (!a->node.projects)
		return;
	c = projects_counts(a->node.projects);
	a->metrics.project_ids_total = (double)c.total;
	a->metrics.project_ids_free = (double)c.free;
	a->metrics.disk_unenforced = quotas_unenforced(a);
	a->metrics.disk_switched_off =
		(double)enforcement_times_off(projects_enforcement(a->node.projects));
}
