/* The limit of a container, its watches, and its use as resource statistics. */
#include "agent/isolator/disk.h"

#include "lib/resources.h"

bool disk_offered_to(const struct container *c, uint64_t *ret)
{
	return resources_disk_limit(&c->resources, c->node->default_disk_bytes, ret);
}

bool disk_limit_of(const struct container *c, uint64_t *ret)
{
	if (c->override.set) {
		*ret = c->override.limit_bytes;
		return true;
	}
	return disk_offered_to(c, ret);
}

void disk_usage(const struct container *c, struct usage *ret)
{
	const struct ledger *l = &c->disk;

	ret->has_disk_limit_bytes = l->has_limit;
	ret->disk_limit_bytes = l->limit_bytes;
	ret->has_disk_used_bytes = ledger_known(l);
	ret->disk_used_bytes = l->used.bytes;
}

/* ---- watches ---- */

void disk_describe(struct container *c, struct disk_watch *w, const struct disk_method *method,
		   const struct disk_watch_ops *ops)
{
	container_hold(c);
	w->method = method;
	w->ops = ops;
	w->owner = c;
	w->name = c->id;
	w->dirfd = c->sandbox_fd;
	w->ledger = &c->disk;
}

void disk_unwatch(struct disk_watch *w)
{
	if (w->checks)
		disk_watch_end(w);
}

void disk_exceeded(struct disk_watch *w, const char *why)
{
	struct container *c = w->owner;

	c->node->ops->exceeded(c, why);
}

void disk_settled(struct disk_watch *w)
{
	container_release(w->owner);
}

/* ---- scans ---- */

/* What was taken out of the project, or is not in it yet, is put there by the other witness. */
static void scanned(struct disk_watch *w)
{
	struct container *c = w->owner;

	if ((c->disk.strayed || c->quota.rest_told) && c->phase != CONTAINER_ENDED &&
	    c->quota.watch.checks)
		quota_watch_suspect(&c->quota);
}

static const struct disk_watch_ops scan_ops = {
	.exceeded = disk_exceeded,
	.measured = scanned,
	.settled = disk_settled,
};

void disk_scan(struct container *c, const struct disk_method *method)
{
	struct disk_watch *w = &c->scan.watch;

	if (w->checks)
		return;
	disk_describe(c, w, method, &scan_ops);
	c->scan.beside_quota = isolators_have_quota(c->isolators);
	disk_watch_start(c->node->disk, w);
}
