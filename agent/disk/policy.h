/* What to do about a container's disk: a pure function of its ledger and the flags. */
#pragma once

#include "agent/disk/ledger.h"

enum disk_action {
	DISK_NOTHING,
	DISK_REPORT, /* over its limit, and nobody enforces it: say so once */
	DISK_KILL,   /* over its limit: end it */
};

/*
 * was_over: whether the measurement before this one was over too. kills: the limit ends what is
 * over it.
 */
enum disk_action disk_policy(const struct ledger *l, bool was_over, bool kills);

/* What the kernel is to hold a container to. */
struct quota_rules {
	bool enforced;           /* otherwise it only accounts */
	uint64_t headroom_bytes; /* between soft and hard limit; 0: they are one */
	uint64_t inodes_per_gb;  /* of a container that was given none; 0: no limit */
};

/* What a limit of so many bytes and files means under these rules. limited: false is no limit. */
struct quota_limits quota_rules_apply(const struct quota_rules *rules, bool limited, uint64_t bytes,
				      uint64_t inodes);
