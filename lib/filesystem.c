/* Two rows. The commands are those of xfsprogs, e2fsprogs and quota. */
#include "lib/filesystem.h"

#include <linux/magic.h>

#ifndef XFS_SUPER_MAGIC
#define XFS_SUPER_MAGIC 0x58465342
#endif

static char *repair_xfs(const char *device)
{
	return xasprintf("xfs_repair %s", device);
}

/* 1: there was something to mend. */
static char *repair_ext4(const char *device)
{
	return xasprintf("{ e2fsck -fy %s || [ $? = 1 ]; }", device);
}

static char *unlimit_xfs(uint32_t project, const char *path)
{
	return xasprintf("xfs_quota -x -c 'limit -p bsoft=0 bhard=0 isoft=0 ihard=0 %u' "
			 "$(findmnt -no TARGET -T %s)",
			 project, path);
}

static char *unlimit_ext4(uint32_t project, const char *path)
{
	return xasprintf("setquota -P %u 0 0 0 0 $(findmnt -no TARGET -T %s)", project, path);
}

static const struct filesystem filesystems[] = {
	{
		.name = "xfs",
		.magic = XFS_SUPER_MAGIC,
		.mkfs = "mkfs.xfs",
		.root = "add rootflags=prjquota to the kernel's command line",
		.enforce = "xfs_quota -x -c 'enable -p'",
		.config = "CONFIG_XFS_QUOTA",
		.repair = repair_xfs,
		.unlimit = unlimit_xfs,
		.has_default = true,
		.preallocates = true,
		.frees_late = true,
	},
	{
		.name = "ext4",
		.magic = EXT4_SUPER_MAGIC,
		.mkfs = "mkfs.ext4 -O project,quota",
		.root = "add prjquota to the options of / in /etc/fstab",
		.enforce = "quotaon -P",
		.config = "CONFIG_QUOTA and CONFIG_QFMT_V2",
		.repair = repair_ext4,
		.unlimit = unlimit_ext4,
		.quota_feature = true,
	},
};

const struct filesystem *filesystem_of_magic(unsigned long magic)
{
	for (size_t i = 0; i < ARRAY_SIZE(filesystems); i++)
		if (filesystems[i].magic == magic)
			return &filesystems[i];
	return NULL;
}

const struct filesystem *filesystem_named(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(filesystems); i++)
		if (str_equal(filesystems[i].name, name))
			return &filesystems[i];
	return NULL;
}
