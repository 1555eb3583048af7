/* posix/disk: measures the sandbox by scanning it, and ends the container that outgrows it. */
#include "agent/isolator/rows.h"

#include "lib/resources.h"

static struct container *container(struct disk_watch *w)
{
	return container_of(w, struct container, disk);
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

static void watch(struct container *c)
{
	if (c->phase == CONTAINER_ENDED) {
		if (c->disk.checks)
			disk_watch_end(&c->disk);
		return;
	}
	if (c->sandbox_fd < 0) /* of a container that was found again without it */
		return;
	if (!c->disk.checks) {
		container_hold(c);
		disk_watch_start(c->node->disk, &c->disk, &ops, c->id, c->sandbox_fd);
	}
	disk_watch_limit(&c->disk, resources_scalar(&c->resources, "disk"));
}

static void usage(const struct container *c, struct usage *ret)
{
	const struct ledger *l = &c->disk.ledger;

	ret->has_disk_limit_bytes = l->has_limit;
	ret->disk_limit_bytes = l->limit_bytes;
	ret->has_disk_used_bytes = l->witness != WITNESS_NONE;
	ret->disk_used_bytes = l->used_bytes;
}

const struct isolator isolator_posix_disk = {
	.name = "posix/disk",
	.doc = "measures each sandbox by a scan; kills over the limit if enforced",
	.watch = watch,
	.usage = usage,
};
