/* A few of its fields, which are little-endian everywhere. */
#include "lib/ext4.h"

#include <fcntl.h>
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
#define EXT4_MAGIC       0xef53
#define EXT4_HAS_QUOTA   0x0100u
#define EXT4_HAS_PROJECT 0x2000u
#define EXT4_INODE_SMALL 128

static uint32_t little_endian(const unsigned char *at, size_t n)
{
	uint32_t v = 0;

	while (n--)
		v = v << 8 | at[n];
	return v;
}

bool ext4_read(const char *device, struct ext4 *ret)
{
	autofd int fd = open(device, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	unsigned char block[EXT4_BYTES];
	struct stat st;

	if (fd < 0 || fstat(fd, &st) || !S_ISBLK(st.st_mode) ||
	    pread(fd, block, sizeof(block), EXT4_AT) != sizeof(block) ||
	    little_endian(block + EXT4_MAGIC_AT, 2) != EXT4_MAGIC)
		return false;
	*ret = (struct ext4){
		.inode_size = little_endian(block + EXT4_INODE_SIZE_AT, 2),
		.features = little_endian(block + EXT4_RO_COMPAT_AT, 4),
		.project_inode = little_endian(block + EXT4_PROJECT_INODE_AT, 4),
	};
	return true;
}

bool ext4_has_projects(const struct ext4 *x)
{
	return x->features & EXT4_HAS_PROJECT && x->features & EXT4_HAS_QUOTA && x->project_inode;
}

bool ext4_has_room(const struct ext4 *x)
{
	return x->inode_size > EXT4_INODE_SMALL;
}
