/*
 * posix/disk: measures the sandbox by scanning it, and ends the container that outgrows it. Beside a
 * disk quota isolator it is the second witness: the quota holds, the scan looks for what escapes it.
 */
#include "agent/isolator/disk.h"
#include "agent/isolator/rows.h"

/* What was taken out of the project is put back by the other witness. */
static void measured(struct disk_watch *w)
{
	struct container *c = w->owner;

	if (c->disk.strayed && c->phase != CONTAINER_ENDED && c->quota.watch.checks)
		quota_watch_suspect(&c->quota);
}

static const struct disk_watch_ops ops = {
	.exceeded = disk_exceeded,
	.measured = measured,
	.settled = disk_settled,
};

static void watch(struct container *c)
{
	struct disk_watch *w = &c->scan.watch;
	uint64_t limit;
	bool limited;

	if (disk_ended(c, w))
		return;
	if (c->sandbox_fd < 0) /* not made yet, or of a container that was found again without it */
		return;
	if (!w->checks) {
		disk_describe(c, w, &scan_method, &ops);
		disk_watch_start(c->node->disk, w);
	}
	limited = disk_limit_of(c, &limit);
	disk_watch_limit(w, limited, limit);
}

const struct isolator isolator_posix_disk = {
	.name = "posix/disk",
	.doc = "measures each sandbox by a scan; kills over the limit if enforced",
	.watch = watch,
	.usage = disk_usage,
};
