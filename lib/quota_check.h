/*
 * What on this node stands in the way of disk limits that the kernel enforces, and what mends it.
 * The agent refuses to start with the first obstacle, `mesos-agentctl quota check` shows all: in
 * the same words.
 */
#pragma once

#include "lib/quota.h"

struct quota_finding {
	const char *check; /* the name of what was looked at: "accounting" */
	bool blocks;       /* no limit would be enforced; otherwise it is only worth knowing */
	bool passes;       /* it may be gone soon by itself: a disk is still to be mounted */
	/* A clause: "/var/lib/mesos is on tmpfs, which is neither XFS nor ext4". */
	const char *what;
	const char *mend; /* a command, or in words what to do */
};

/*
 * Looks at everything, and calls found (which may be NULL) for each finding, in an order in which
 * they are best mended; true: limits would be enforced. path is that of work_dir, absolute, which
 * need not be there yet; fs is the filesystem that is wanted, "xfs" or "ext4", NULL: either; range
 * as in --xfs_project_range. Changes nothing. Blocks.
 */
bool quota_check_all(const char *path, const char *fs, const char *range,
		     void (*found)(const struct quota_finding *f, void *ctx), void *ctx);
/*
 * The first obstacle, as "<what>: <mend>": -EOPNOTSUPP, or -ENODEV if it passes. 0: there is none.
 */
int quota_check_first(const char *path, const char *fs, const char *range, struct error *e);
/*
 * Whether --quota_default may be so many bytes on this filesystem, of which so many projects are
 * others': -EOPNOTSUPP, or -EEXIST for their sake.
 */
int quota_check_default(const struct quota *q, uint64_t bytes, uint64_t others, struct error *e);
