/* The limit of a container, and its use as resource statistics. */
#include "agent/isolator/disk.h"

#include "agent/disk/policy.h"
#include "lib/resources.h"

bool disk_limit_of(const struct container *c, uint64_t *ret)
{
	if (c->override.set) {
		*ret = c->override.limit_bytes;
		return true;
	}
	return disk_limit(resources_scalar(&c->resources, "disk"), c->node->default_disk_bytes,
			  ret);
}

void disk_usage(const struct container *c, struct usage *ret)
{
	const struct ledger *l = &c->disk;

	ret->has_disk_limit_bytes = l->has_limit;
	ret->disk_limit_bytes = l->limit_bytes;
	ret->has_disk_used_bytes = ledger_known(l);
	ret->disk_used_bytes = l->used.bytes;
}
