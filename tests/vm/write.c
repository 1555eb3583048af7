/*
 * write PATH RESULT [GATE]: fills the directory that it is started in, by one way to write, until
 * it is refused or has written too much, and says in the file RESULT how much that was and what
 * refused it. Then it waits until somebody opens the pipe GATE, and keeps open what it has open.
 */
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/io_uring.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/xattr.h>

#include "lib/base.h"

#define BLOCK    4096
#define CHUNK    (16 * BLOCK)
#define TOO_MUCH (16 * MIB)
#define TOO_MANY 5000
#define SMALL    100
#define NAME_LEN 240

static int fd = -EBADF;   /* what is written to */
static int from = -EBADF; /* what it is copied from */
static int ends[2];       /* of a pipe */
static off_t at;          /* how much was written */
static unsigned made;     /* how many files, or the like */
static char *data;        /* CHUNK bytes */

/* ---- one step of each way: writes up to size bytes at `at`; how many, or -errno -------------- */

static ssize_t result(ssize_t n)
{
	return n < 0 ? -errno : n;
}

static ssize_t by_write(size_t size)
{
	return result(write(fd, data, size));
}

static ssize_t by_writev(size_t size)
{
	struct iovec v[] = { { data, size / 2 }, { data + size / 2, size - size / 2 } };

	return result(writev(fd, v, ARRAY_SIZE(v)));
}

static ssize_t by_pwrite(size_t size)
{
	return result(pwrite(fd, data, size, at));
}

static ssize_t by_pwritev2(size_t size)
{
	struct iovec v[] = { { data, size / 2 }, { data + size / 2, size - size / 2 } };

	return result(pwritev2(fd, v, ARRAY_SIZE(v), at, 0));
}

static ssize_t by_aio(size_t size)
{
	static aio_context_t ctx;
	struct iocb cb = {
		.aio_lio_opcode = IOCB_CMD_PWRITE,
		.aio_fildes = (uint32_t)fd,
		.aio_buf = (uintptr_t)data,
		.aio_nbytes = size,
		.aio_offset = at,
	};
	struct iocb *list[] = { &cb };
	struct io_event event;

	if ((!ctx && syscall(SYS_io_setup, 1, &ctx)) || syscall(SYS_io_submit, ctx, 1, list) != 1 ||
	    syscall(SYS_io_getevents, ctx, 1, 1, &event, NULL) != 1)
		return -errno;
	return event.res;
}

struct ring {
	int fd;
	unsigned *sq_tail, *sq_array, *cq_head, *cq_tail;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
};

static void *map_ring(int ring, size_t size, off_t offset)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, offset);
}

static int open_ring(struct ring *r)
{
	struct io_uring_params p = { 0 };
	char *rings;

	r->fd = (int)syscall(SYS_io_uring_setup, 1, &p);
	if (r->fd < 0)
		return -errno;
	assert(p.features & IORING_FEAT_SINGLE_MMAP);
	rings = map_ring(r->fd, p.cq_off.cqes + p.cq_entries * sizeof(*r->cqes),
			 IORING_OFF_SQ_RING);
	r->sqes = map_ring(r->fd, p.sq_entries * sizeof(*r->sqes), IORING_OFF_SQES);
	if (rings == MAP_FAILED || r->sqes == MAP_FAILED)
		return -errno;
	r->sq_tail = (unsigned *)(rings + p.sq_off.tail);
	r->sq_array = (unsigned *)(rings + p.sq_off.array);
	r->cq_head = (unsigned *)(rings + p.cq_off.head);
	r->cq_tail = (unsigned *)(rings + p.cq_off.tail);
	r->cqes = (struct io_uring_cqe *)(rings + p.cq_off.cqes);
	return 0;
}

/* A ring of one entry: its place is always 0 there; of two in what is completed. */
static ssize_t by_io_uring(size_t size)
{
	static struct ring r;
	int failed = r.sqes ? 0 : open_ring(&r);
	unsigned head;

	if (failed)
		return failed;
	r.sqes[0] = (struct io_uring_sqe){
		.opcode = IORING_OP_WRITE,
		.fd = fd,
		.addr = (uintptr_t)data,
		.len = (uint32_t)size,
		.off = (uint64_t)at,
	};
	r.sq_array[0] = 0;
	__atomic_store_n(r.sq_tail, *r.sq_tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, r.fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		return -errno;
	head = *r.cq_head;
	assert(head != __atomic_load_n(r.cq_tail, __ATOMIC_ACQUIRE));
	__atomic_store_n(r.cq_head, head + 1, __ATOMIC_RELEASE);
	return r.cqes[head & 1].res;
}

static sigjmp_buf refused;

static void on_sigbus(int sig unused)
{
	siglongjmp(refused, 1);
}

/* -EFAULT is for the signal, which has no errno. */
static ssize_t by_mmap(size_t size unused)
{
	static char *map;

	if (!map) {
		map = ftruncate(fd, TOO_MUCH + BLOCK)
			      ? MAP_FAILED
			      : mmap(NULL, TOO_MUCH + BLOCK, PROT_WRITE, MAP_SHARED, fd, 0);
		if (map == MAP_FAILED)
			return -errno;
		signal(SIGBUS, on_sigbus);
	}
	if (sigsetjmp(refused, 1))
		return -EFAULT;
	*(volatile char *)(map + at) = 1;
	return BLOCK;
}

static ssize_t by_fallocate(size_t size)
{
	return fallocate(fd, 0, at, (off_t)size) ? -errno : (ssize_t)size;
}

static ssize_t by_keep_size(size_t size)
{
	return fallocate(fd, FALLOC_FL_KEEP_SIZE, at, (off_t)size) ? -errno : (ssize_t)size;
}

static ssize_t by_sendfile(size_t size)
{
	off_t offset = 0;

	return result(sendfile(fd, from, &offset, size));
}

/* What was not taken out of a pipe stays in it. */
static ssize_t by_splice(size_t size)
{
	ssize_t n;

	if (!ends[1] && pipe2(ends, O_CLOEXEC))
		return -errno;
	if (write(ends[1], data, size) < 0)
		return -errno;
	n = result(splice(ends[0], NULL, fd, NULL, size, 0));
	if (n != (ssize_t)size) {
		close(ends[0]);
		close(ends[1]);
		ends[1] = 0;
	}
	return n;
}

static ssize_t by_copy_file_range(size_t size)
{
	off_t offset = 0;

	return result(copy_file_range(from, &offset, fd, NULL, size, 0));
}

static ssize_t by_reflink(size_t size)
{
	struct file_clone_range range = {
		.src_fd = from,
		.src_length = size,
		.dest_offset = (uint64_t)at,
	};

	return ioctl(fd, FICLONERANGE, &range) ? -errno : (ssize_t)size;
}

static ssize_t by_truncate(size_t size)
{
	return ftruncate(fd, at + (off_t)size) ? -errno : (ssize_t)size;
}

/* ---- those that make files, one a step ------------------------------------------------------- */

/* A long one fills directories too. */
static const char *name(void)
{
	static char text[NAME_LEN + 1];

	snprintf(text, sizeof(text), "%0*u", NAME_LEN, made);
	return text;
}

static ssize_t file_with(size_t size, bool attribute)
{
	autofd int file = open(name(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (file < 0)
		return -errno;
	made++;
	if (attribute)
		return fsetxattr(file, "user.big", data, size, 0) ? -errno : (ssize_t)size;
	return size ? result(write(file, data, size)) : 0;
}

static ssize_t by_tiny_files(size_t size unused)
{
	return file_with(SMALL, false);
}

static ssize_t by_empty_files(size_t size unused)
{
	return file_with(0, false);
}

static ssize_t by_xattrs(size_t size unused)
{
	return file_with(BLOCK - 10 * SMALL, true);
}

static ssize_t by_directories(size_t size unused)
{
	if (mkdir(name(), 0755))
		return -errno;
	made++;
	return 0;
}

static ssize_t by_symlinks(size_t size unused)
{
	char target[10 * SMALL]; /* XFS has 1024 at most */

	memset(target, 'x', sizeof(target) - 1);
	target[sizeof(target) - 1] = '\0';
	if (symlink(target, name()))
		return -errno;
	made++;
	return sizeof(target) - 1;
}

static ssize_t by_links(size_t size unused)
{
	if (link("file", name()))
		return -errno;
	made++;
	return 0;
}

/* ---- what each needs ------------------------------------------------------------------------- */

static int open_file(int flags)
{
	fd = open("file", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | flags, 0644);
	return fd < 0 ? -errno : 0;
}

static int plain(void)
{
	return open_file(0);
}

static int direct(void)
{
	return open_file(O_DIRECT);
}

static int with_source(void)
{
	from = open("source", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (from < 0 || write(from, data, CHUNK) != CHUNK)
		return -errno;
	return open_file(0);
}

static int unnamed(void)
{
	fd = open(".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0644);
	return fd < 0 ? -errno : 0;
}

static int unlinked(void)
{
	return open_file(0) ?: unlink("file") ? -errno : 0;
}

static int none(void)
{
	return 0;
}

static const struct way {
	const char *name;
	int (*begin)(void);
	ssize_t (*step)(size_t size);
} ways[] = {
	{ .name = "write", .begin = plain, .step = by_write },
	{ .name = "writev", .begin = plain, .step = by_writev },
	{ .name = "pwrite", .begin = plain, .step = by_pwrite },
	{ .name = "pwritev2", .begin = plain, .step = by_pwritev2 },
	{ .name = "direct", .begin = direct, .step = by_pwrite },
	{ .name = "aio", .begin = direct, .step = by_aio },
	{ .name = "io_uring", .begin = plain, .step = by_io_uring },
	{ .name = "io_uring-direct", .begin = direct, .step = by_io_uring },
	{ .name = "mmap", .begin = plain, .step = by_mmap },
	{ .name = "fallocate", .begin = plain, .step = by_fallocate },
	{ .name = "keep-size", .begin = plain, .step = by_keep_size },
	{ .name = "sendfile", .begin = with_source, .step = by_sendfile },
	{ .name = "splice", .begin = plain, .step = by_splice },
	{ .name = "copy_file_range", .begin = with_source, .step = by_copy_file_range },
	{ .name = "reflink", .begin = with_source, .step = by_reflink },
	{ .name = "truncate", .begin = plain, .step = by_truncate },
	{ .name = "unnamed", .begin = unnamed, .step = by_write },
	{ .name = "unlinked", .begin = unlinked, .step = by_write },
	{ .name = "tiny-files", .begin = none, .step = by_tiny_files },
	{ .name = "empty-files", .begin = none, .step = by_empty_files },
	{ .name = "directories", .begin = none, .step = by_directories },
	{ .name = "xattrs", .begin = none, .step = by_xattrs },
	{ .name = "symlinks", .begin = none, .step = by_symlinks },
	{ .name = "links", .begin = plain, .step = by_links },
};

static const struct way *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
		if (str_equal(name, ways[i].name))
			return &ways[i];
	return NULL;
}

/* What is refused is tried again by half, down to a block: what a way leaves is its own doing. */
static int fill(const struct way *w)
{
	size_t size = CHUNK;
	ssize_t n = w->begin();

	while (n >= 0 && at < (off_t)TOO_MUCH && made < TOO_MANY) {
		n = w->step(size);
		if (n > 0)
			at += n;
		if (n < 0 && size > BLOCK) {
			size /= 2;
			n = 0;
		}
	}
	return n < 0 ? (int)-n : 0;
}

/* Of what was refused: its errno; by a signal; or nothing, and too much was written. */
static const char *verdict(int refusal)
{
	switch (refusal) {
	case 0: return "nothing";
	case EFAULT: return "SIGBUS";
	default: return strerrorname_np(refusal);
	}
}

static void wait_for(const char *gate)
{
	autofd int opened = gate ? open(gate, O_RDONLY | O_CLOEXEC) : -EBADF;

	assert(!gate || opened >= 0);
}

int main(int argc, char **argv)
{
	const struct way *w = argc < 3 ? NULL : find(argv[1]);
	int refusal;

	if (!w) {
		fprintf(stderr, "write PATH RESULT [GATE], where PATH is one of");
		for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
			fprintf(stderr, " %s", ways[i].name);
		fprintf(stderr, "\n");
		return 2;
	}
	data = aligned_alloc(BLOCK, CHUNK);
	memset(data, 'x', CHUNK);
	refusal = fill(w);
	if (!freopen(argv[2], "w", stdout))
		return 1;
	printf("%s %lld %u\n", verdict(refusal), (long long)at, made);
	fflush(stdout);
	wait_for(argv[3]);
	return 0;
}
