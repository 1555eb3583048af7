/* A scan for blocks behind the ends of files. */
#include "agent/disk/prealloc.h"

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "agent/disk/visit.h"

static uint64_t behind_end(const struct stat *st)
{
	uint64_t size = (uint64_t)st->st_size, block = (uint64_t)st->st_blksize;
	uint64_t allocated = (uint64_t)st->st_blocks * STAT_BLOCK_BYTES;
	uint64_t used = (size + block - 1) / block * block;

	return allocated > used ? allocated - used : 0;
}

/* The name may be another file's by now: what was opened counts. */
static void visit_file(void *ctx, int dirfd, const char *name, const struct statx *found)
{
	atomic_uint_fast64_t *sum = ctx;
	autofd int fd = -EBADF;
	struct fsxattr x;
	struct stat st;

	if (!S_ISREG(found->stx_mode) || found->stx_blocks * STAT_BLOCK_BYTES <= found->stx_size)
		return;
	fd = visit_open_file(dirfd, name);
	if (fd >= 0 && !fstat(fd, &st) && st.st_nlink == 1 && !ioctl(fd, FS_IOC_FSGETXATTR, &x) &&
	    !(x.fsx_xflags & FS_XFLAG_PREALLOC))
		atomic_fetch_add_explicit(sum, behind_end(&st), memory_order_relaxed);
}

int prealloc_bytes(int dirfd, const atomic_bool *cancel, uint64_t *ret, struct error *e)
{
	atomic_uint_fast64_t sum = 0;
	struct scan_visitor visitor = { .file = visit_file, .ctx = &sum };
	struct scan_result seen;
	int r = visit_tree(dirfd, &visitor, cancel, &seen, e);

	if (!r)
		*ret = atomic_load(&sum);
	return r;
}
