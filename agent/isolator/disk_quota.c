/*
 * disk/xfs, disk/ext4, and disk/quota, which is the one that work_dir is on: gives each sandbox a
 * project whose quota the kernel enforces, at the byte, from before the container begins.
 */
#include "agent/isolator/disk.h"
#include "agent/isolator/rows.h"

#include <sys/stat.h>

#include "lib/log.h"
#include "lib/quota_check.h"
#include "lib/resources.h"

/* ---- can this host? ---- */

/* What accounts only is made to enforce, be it that no limit is enforced yet. */
static int probe(const struct agent_flags *flags, const char *fs, struct error *e)
{
	cleanup(quota_close) struct quota q = { .fd = -EBADF };

	if (quota_check_first(flags->work_dir, fs, flags->xfs_project_range, e) ||
	    quota_open(flags->work_dir, &q, e))
		return -e->code;
	return quota_enforce(&q, e);
}

static int probe_xfs(const struct agent_flags *flags, struct error *e)
{
	return probe(flags, "xfs", e);
}

static int probe_ext4(const struct agent_flags *flags, struct error *e)
{
	return probe(flags, "ext4", e);
}

static int probe_any(const struct agent_flags *flags, struct error *e)
{
	return probe(flags, NULL, e);
}

/* ---- its checks ---- */

/*
 * Its limit is reached, and no warning of the kernel said so: they are not heard here, or were
 * lost. True once: ledger.denied is set then, until there is room.
 */
static bool is_full_unheard(const struct container *c)
{
	const struct ledger *l = &c->disk;

	return (!c->node->warnings || c->quota.unheard) && !l->denied && !c->limited &&
	       quota_full(&l->limits, l->used.bytes, l->used.inodes, l->block_bytes);
}

/* Whether it went well or not: what was wanted when it began is still wanted. */
static void measured(struct disk_watch *w)
{
	struct container *c = w->owner;

	c->quota.lacks_id = c->quota.none_free;
	if (w->outcome != -ECANCELED && !quota_watch_has_new_limits(&c->quota))
		c->node->ops->limits_applied(c, w->outcome ? w->error.text : NULL);
	if (!w->outcome && !w->last && is_full_unheard(c))
		c->node->ops->full(c);
	if (!w->last && quota_watch_take_refusal(&c->quota))
		c->node->ops->refused(c, c->refusal);
}

/* Its sandbox may have gone in the moment in which a check took an id for it. */
static void settled(struct disk_watch *w)
{
	struct container *c = w->owner;

	if (w->gone)
		projects_gone(c->node->projects, c->sandbox_below);
	disk_settled(w);
}

static const struct disk_watch_ops ops = {
	.exceeded = disk_exceeded,
	.measured = measured,
	.settled = settled,
};

/* Before the job that prepares it, or its first check: these read it without a lock. */
static void describe(struct container *c)
{
	struct quota_watch *q = &c->quota;

	q->projects = c->node->projects;
	q->warnings = c->node->warnings;
	q->sandbox = c->sandbox_below;
}

/*
 * What the job that prepares it, or the next check, is to tell the kernel. A part of a file is a
 * file.
 */
static void set_limits(struct container *c, bool limited, uint64_t limit)
{
	uint64_t inodes = (uint64_t)resources_scalar(&c->resources, "disk_inodes");

	c->quota.limits = quota_rules_apply(&c->node->quota_rules, limited, limit,
					    inodes / SCALAR_UNIT + (inodes % SCALAR_UNIT != 0));
	/* Above a soft limit the kernel refuses whatever is left to the hard one after a week. */
	if (limited && limit == c->spared_bytes)
		c->quota.limits.soft_bytes = c->quota.limits.hard_bytes;
}

/* An agent with another --work_dir finds containers again whose sandboxes are where they were. */
static bool is_elsewhere(struct container *c)
{
	const struct quota *q = projects_quota(c->node->projects);
	struct stat sandbox, top;

	if (c->quota.elsewhere || fstat(c->sandbox_fd, &sandbox) || fstat(q->fd, &top) ||
	    sandbox.st_dev == top.st_dev)
		return c->quota.elsewhere;
	log_error("container %s: its sandbox is not on the filesystem of %s: its quota there is "
		  "neither read nor changed",
		  c->id, q->path);
	c->quota.elsewhere = true;
	return true;
}

static void watch(struct container *c)
{
	struct disk_watch *w = &c->quota.watch;
	bool alone = !isolators_have_scan(c->isolators), limited;
	uint64_t limit;

	if (c->phase == CONTAINER_ENDED) {
		disk_unwatch(w);
		if (alone)
			disk_unwatch(&c->scan.watch);
		return;
	}
	limited = disk_limit_of(c, &limit);
	set_limits(c, limited, limit);
	if (w->checks) {
		disk_watch_soon(w);
		disk_watch_limit(w, limited, limit);
		return;
	}
	describe(c);
	/* Before the first check, which may begin at once. */
	ledger_set_limit(&c->disk, limited, limit);
	/* It is not made yet, or was not there when the container was found again. */
	if (c->sandbox_fd < 0 || is_elsewhere(c))
		return;
	disk_describe(c, w, &quota_method, &ops);
	quota_watch_start(&c->quota, c->node->disk);
	if (alone)
		disk_scan(c, &verify_method);
}

static int prepare(struct container *c, struct launch_plan *plan unused, struct error *e)
{
	return quota_watch_establish(&c->quota, c->sandbox_fd, &c->unwanted, e);
}

#define DISK_QUOTA_ISOLATOR(row, row_name, row_doc, row_probe)                                     \
	const struct isolator row = {                                                              \
		.name = row_name,                                                                  \
		.doc = row_doc,                                                                    \
		.quota = true,                                                                     \
		.needs = "linux/capabilities,linux/seccomp",                                       \
		.probe = row_probe,                                                                \
		.prepare = prepare,                                                                \
		.watch = watch,                                                                    \
		.usage = disk_usage,                                                               \
	}

DISK_QUOTA_ISOLATOR(isolator_disk_xfs, "disk/xfs", "project quotas of XFS", probe_xfs);
DISK_QUOTA_ISOLATOR(isolator_disk_ext4, "disk/ext4", "project quotas of ext4", probe_ext4);
DISK_QUOTA_ISOLATOR(isolator_disk_quota, "disk/quota",
		    "project quotas of the filesystem that work_dir is on", probe_any);
