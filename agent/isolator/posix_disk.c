/*
 * posix/disk: measures the sandbox by scanning it, and ends the container that outgrows it. Beside a
 * disk quota isolator it is the second witness: the quota holds, the scan looks for what escapes it.
 */
#include "agent/isolator/disk.h"
#include "agent/isolator/rows.h"

static struct container *container(struct disk_watch *w)
{
	return container_of(w, struct container, scan.watch);
}

static void exceeded(struct disk_watch *w, const char *why)
{
	container_limit(container(w), REASON_CONTAINER_LIMITATION_DISK, why);
}

static void settled(struct disk_watch *w)
{
	container_release(container(w));
}

static const struct disk_watch_ops ops = { .exceeded = exceeded, .settled = settled };

static void start(struct container *c)
{
	struct disk_watch *w = &c->scan.watch;

	container_hold(c);
	w->method = &scan_method;
	w->ops = &ops;
	w->name = c->id;
	w->dirfd = c->sandbox_fd;
	w->ledger = &c->disk;
	disk_watch_start(c->node->disk, w);
}

static void watch(struct container *c)
{
	struct disk_watch *w = &c->scan.watch;
	uint64_t limit;
	bool limited;

	if (c->phase == CONTAINER_ENDED) {
		if (w->checks)
			disk_watch_end(w);
		return;
	}
	if (c->sandbox_fd < 0) /* not made yet, or of a container that was found again without it */
		return;
	if (!w->checks)
		start(c);
	limited = disk_limit_of(c, &limit);
	disk_watch_limit(w, limited, limit);
}

const struct isolator isolator_posix_disk = {
	.name = "posix/disk",
	.doc = "measures each sandbox by a scan; kills over the limit if enforced",
	.watch = watch,
	.usage = disk_usage,
};
