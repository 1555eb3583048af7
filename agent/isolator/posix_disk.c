/*
 * posix/disk: measures the sandbox by scanning it, and ends the container that outgrows it. Beside
 * a disk quota isolator it is the second witness: the quota holds, the scan looks for what escapes
 * it.
 */
#include "agent/isolator/disk.h"
#include "agent/isolator/rows.h"

static void watch(struct container *c)
{
	struct disk_watch *w = &c->scan.watch;
	uint64_t limit;
	bool limited;

	if (c->phase == CONTAINER_ENDED) {
		disk_unwatch(w);
		return;
	}
	limited = disk_limit_of(c, &limit);
	/* It is not made yet, or was not there when the container was found again. */
	if (c->sandbox_fd < 0) {
		ledger_set_limit(&c->disk, limited, limit);
		return;
	}
	disk_scan(c, &scan_method);
	disk_watch_limit(w, limited, limit);
}

const struct isolator isolator_posix_disk = {
	.name = "posix/disk",
	.doc = "measures each sandbox by a scan; kills over the limit if enforced",
	.scan = true,
	.watch = watch,
	.usage = disk_usage,
};
