/* The disk policy. */
#include "agent/disk/policy.h"

#include <math.h>

enum disk_action disk_policy(const struct ledger *l, bool was_over, bool kills)
{
	if (!l->over || l->killed)
		return DISK_NOTHING;
	if (kills)
		return DISK_KILL;
	return was_over ? DISK_NOTHING : DISK_REPORT;
}

/* Rounded up, for 0 would be no limit; no filesystem counts further than INT64_MAX. */
static uint64_t inodes_for(uint64_t bytes, uint64_t per_gb)
{
	double n = ceil((double)bytes / (double)GIB * (double)per_gb);

	return n < 0x1p63 ? (uint64_t)n : INT64_MAX;
}

struct quota_limits quota_rules_apply(const struct quota_rules *rules, bool limited, uint64_t bytes,
				      uint64_t inodes)
{
	struct quota_limits l = { 0 };

	if (!rules->enforced)
		return l;
	if (limited) {
		l.soft_bytes = bytes;
		l.hard_bytes = bytes + MIN(rules->headroom_bytes, UINT64_MAX - bytes);
		if (!inodes)
			inodes = inodes_for(bytes, rules->inodes_per_gb);
	}
	l.soft_inodes = l.hard_inodes = inodes;
	return l;
}
