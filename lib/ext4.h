/*
 * What an ext4 was made with, as its superblock says:
 * https://docs.kernel.org/filesystems/ext4/super.html
 */
#pragma once

#include "lib/base.h"

struct ext4 {
	uint32_t inode_bytes;
	uint32_t ro_compat;     /* features; without knowing them all it can be read, not written */
	uint32_t project_inode; /* the file of the quotas of projects; 0: none */
};

/*
 * Of the filesystem on a block device. -EINVAL: there is no ext4; -EACCES, -EPERM: who asks may not
 * look, be it root in a cgroup without devices.
 */
int ext4_read(const char *device, struct ext4 *ret);
/* Whether it has the features project and quota, and a file for the quotas of projects. */
bool ext4_has_projects(const struct ext4 *x);
/* Whether its inodes have room for a project id. */
bool ext4_has_room(const struct ext4 *x);
