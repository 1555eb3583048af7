/*
 * Project quotas of one filesystem, XFS or ext4 alike: what the kernel charged to a project, what
 * it may use, and the project that an inode belongs to. quotactl(2), quotactl_fd(2), and the
 * FS_IOC_FSGETXATTR of ioctl_xfs_fsgetxattr(2). Any of these calls may block while the filesystem
 * is frozen: they belong on a worker.
 */
#pragma once

#include "lib/error.h"
#include "lib/filesystem.h"

/* Files that belong to no project; its limits are never ours, save quota_default's. */
#define PROJECT_NONE 0u
/* The kernel's invalid id is the one above. */
#define PROJECT_MAX (UINT32_MAX - 1)

/* One filesystem. Zero-initialise; quota_close() accepts that. */
struct quota {
	int fd;       /* a directory on it */
	char *path;   /* that directory, for messages */
	char *device; /* of the filesystem; NULL where the kernel has quotactl_fd(2) */
	const struct filesystem *fs;
	uint64_t block_bytes;
};

/*
 * 0: no limit. Soft below hard is set only where the agent ends who is above it: after the
 * filesystem's grace period (a week) the kernel would refuse there too.
 */
struct quota_limits {
	uint64_t soft_bytes, hard_bytes;
	uint64_t soft_inodes, hard_inodes;
};

/* What the kernel knows of one project. */
struct quota_record {
	struct quota_limits limits;
	uint64_t bytes;  /* charged: blocks, delayed allocations and reservations */
	uint64_t inodes; /* directories included */
};

/* Whether anything is charged to it, or it is limited: a project without either is nobody's. */
bool quota_in_use(const struct quota_record *r);
/* From so many percent of its limit on a container is near it. */
#define QUOTA_NEAR_PERCENT 90
/*
 * Whether it is near the limit of which it has so much, or with so many files near one of files (0:
 * none), which may run out long before bytes do.
 */
bool quota_near(double percent, uint64_t inodes, uint64_t inodes_limit);

/* Whether the next block, or the next file, would be refused to who uses so much. */
bool quota_full(const struct quota_limits *l, uint64_t bytes, uint64_t inodes,
		uint64_t block_bytes);

/* What is switched on. Accounting can only be switched on by mounting. */
struct quota_mode {
	bool accounting, enforcing;
};

/*
 * Opens the filesystem of a directory. -EOPNOTSUPP, naming it, if it is neither XFS nor ext4. That
 * project quotas are on is not asked: quota_mode_get().
 */
int quota_open(const char *path, struct quota *ret, struct error *e);
void quota_close(struct quota *q);

/* Whether the kernel has quotas for such a filesystem at all. */
bool quota_in_kernel(const struct quota *q);
int quota_mode_get(const struct quota *q, struct quota_mode *ret, struct error *e);
/* Switches enforcement on, where accounting is; what is on already is success. CAP_SYS_ADMIN. */
int quota_enforce(const struct quota *q, struct error *e);

/* Of a project that the filesystem does not know, all is 0. CAP_SYS_ADMIN. */
int quota_get(const struct quota *q, uint32_t project, struct quota_record *ret, struct error *e);
/*
 * Sets soft and hard limits together, rounded up to whole blocks: XFS takes a hard limit below the
 * soft one for success and changes nothing. Where there is a hard limit the soft one must not be
 * above it (asserted). Usage and timers are left alone. CAP_SYS_ADMIN.
 */
int quota_set(const struct quota *q, uint32_t project, const struct quota_limits *limits,
	      struct error *e);
/* The first project above `after` that the filesystem knows; 1: there is none. CAP_SYS_ADMIN. */
int quota_next(const struct quota *q, uint32_t after, uint32_t *ret_project,
	       struct quota_record *ret, struct error *e);
/* What a limit of so many bytes becomes where the kernel counts in such blocks; 0: to the byte. */
uint64_t quota_round(uint64_t bytes, uint64_t block_bytes);

/* Where the kernel says that it refused a write, or that a soft limit was passed: lib/genl.h. */
#define QUOTA_WARNINGS_FAMILY "VFS_DQUOT"
#define QUOTA_WARNINGS_GROUP  "events"

/* ---- the project of an inode ---- */

struct project {
	uint32_t id;
	bool inherited; /* of a directory: what is made in it belongs to the project too */
};

/* Of an open file or directory (not O_PATH). 0 or -errno: -ENOTTY where no inode has a project. */
int project_get(int fd, struct project *ret);
/* Its owner may, or CAP_FOWNER. Only directories can be inherited from. 0 or -errno. */
int project_set(int fd, const struct project *p);
