/* Projects of the inodes of a kernel that is not there. Files are those of the test's own place. */
#pragma once

#include <sys/stat.h>

#include "lib/quota.h"

#define INODES_MAX 16

static struct inode {
	ino_t ino;
	uint64_t bytes;
	struct project is;
	int refuses; /* -errno of project_set() */
} inodes[INODES_MAX];
static size_t inodes_count; /* 0: the test begins */

static inline struct inode *inode(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	for (size_t i = 0; i < inodes_count; i++)
		if (inodes[i].ino == st.st_ino)
			return &inodes[i];
	assert_true(inodes_count < INODES_MAX);
	inodes[inodes_count] = (struct inode){
		.ino = st.st_ino,
		.bytes = (uint64_t)st.st_blocks * STAT_BLOCK_BYTES,
	};
	return &inodes[inodes_count++];
}

int project_get(int fd, struct project *ret)
{
	*ret = inode(fd)->is;
	return 0;
}
