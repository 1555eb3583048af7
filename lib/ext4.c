/* A few of its fields, which are little-endian everywhere. */
#include "lib/ext4.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>

/* The superblock is at 1024, its fields from there on. */
enum {
	EXT4_AT = 1024,
	EXT4_BYTES = 1024,
	EXT4_MAGIC_AT = 0x38,
	EXT4_INODE_SIZE_AT = 0x58,
	EXT4_RO_COMPAT_AT = 0x64,
	EXT4_PROJECT_INODE_AT = 0x26c,
};
/* The kernel's names, of its fs/ext4/ext4.h. */
#define EXT4_FEATURE_RO_COMPAT_QUOTA   0x0100u
#define EXT4_FEATURE_RO_COMPAT_PROJECT 0x2000u
#define EXT4_GOOD_OLD_INODE_SIZE       128

static uint32_t little_endian(const unsigned char *at, size_t n)
{
	uint32_t v = 0;

	while (n--)
		v = v << 8 | at[n];
	return v;
}

int ext4_read(const char *device, struct ext4 *ret)
{
	autofd int fd = open(device, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	unsigned char block[EXT4_BYTES];
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || !S_ISBLK(st.st_mode) ||
	    pread(fd, block, sizeof(block), EXT4_AT) != sizeof(block) ||
	    little_endian(block + EXT4_MAGIC_AT, 2) != EXT4_SUPER_MAGIC)
		return -EINVAL;
	*ret = (struct ext4){
		.inode_bytes = little_endian(block + EXT4_INODE_SIZE_AT, 2),
		.ro_compat = little_endian(block + EXT4_RO_COMPAT_AT, 4),
		.project_inode = little_endian(block + EXT4_PROJECT_INODE_AT, 4),
	};
	return 0;
}

bool ext4_has_projects(const struct ext4 *x)
{
	return x->ro_compat & EXT4_FEATURE_RO_COMPAT_PROJECT &&
	       x->ro_compat & EXT4_FEATURE_RO_COMPAT_QUOTA && x->project_inode;
}

bool ext4_has_room(const struct ext4 *x)
{
	return x->inode_bytes > EXT4_GOOD_OLD_INODE_SIZE;
}
