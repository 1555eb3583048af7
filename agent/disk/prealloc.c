/* A scan for blocks behind the ends of files. */
#include "agent/disk/prealloc.h"

#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "agent/disk/inodes.h"
#include "agent/disk/visit.h"

/* XFS gives in advance in a piece or two; what is in more of them is the task's. */
#define EXTENTS_MAX 16

/* No more of them count: a task that has so many of them made them. */
#define FILES_MAX 1000000

struct advance {
	uint64_t bytes;
	struct inodes files; /* that have any of it: one may be moved in front of the walk */
};

union extents {
	struct fiemap map;
	char room[sizeof(struct fiemap) + EXTENTS_MAX * sizeof(struct fiemap_extent)];
};

static uint64_t end_of(uint64_t size, uint64_t block)
{
	return (size + block - 1) / block * block;
}

/* Where the file has been written is not waited for: what is in memory only is charged as well. */
static uint64_t behind(int fd, uint64_t end)
{
	union extents x = {
		.map = {
			.fm_start = end,
			.fm_length = FIEMAP_MAX_OFFSET,
			.fm_extent_count = EXTENTS_MAX,
		},
	};
	uint64_t sum = 0;

	if (ioctl(fd, FS_IOC_FIEMAP, &x.map))
		return 0;
	for (unsigned i = 0; i < MIN(x.map.fm_mapped_extents, EXTENTS_MAX); i++) {
		const struct fiemap_extent *extent = &x.map.fm_extents[i];
		uint64_t before = end - MIN(extent->fe_logical, end);

		sum += extent->fe_length - MIN(before, extent->fe_length);
	}
	return sum;
}

/*
 * A file with more blocks than its size takes may have them for its attributes as well: only what
 * is mapped behind its end counts. The name may be another file's by now: what was opened counts.
 */
static void visit_file(void *ctx, int dirfd, const struct statx *dir unused, const char *name,
		       const struct statx *found)
{
	struct advance *advance = ctx;
	autofd int fd = -EBADF;
	struct fsxattr x;
	struct stat st;
	uint64_t bytes;

	if (!S_ISREG(found->stx_mode) ||
	    found->stx_blocks * STAT_BLOCK_BYTES <= end_of(found->stx_size, found->stx_blksize))
		return;
	fd = visit_open_file(dirfd, name);
	if (fd < 0 || fstat(fd, &st) || st.st_nlink != 1 || ioctl(fd, FS_IOC_FSGETXATTR, &x) ||
	    x.fsx_xflags & FS_XFLAG_PREALLOC)
		return;
	bytes = behind(fd, end_of((uint64_t)st.st_size, (uint64_t)st.st_blksize));
	if (bytes && advance->files.n_used < FILES_MAX && inodes_add(&advance->files, st.st_ino))
		advance->bytes += bytes;
}

int prealloc_bytes(int dirfd, const atomic_bool *cancel, uint64_t *ret, struct error *e)
{
	struct advance advance = { 0 };
	struct scan_visitor visitor = { .file = visit_file, .ctx = &advance };
	struct scan_result seen;
	int r;

	inodes_init(&advance.files);
	r = visit_tree(dirfd, &visitor, cancel, &seen, e);
	inodes_fini(&advance.files);
	if (!r)
		*ret = advance.bytes;
	return r;
}
