/* One directory of a tree that is being scanned. */
#include "agent/disk/dir.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

/* What one takes, with what malloc(3) takes besides, and for a few names. */
#define DIR_BYTES (sizeof(struct dir) + 96)
#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* Only the owner may leave the time of access alone; others read all the same. */
int dir_open(int at, const char *name, uint64_t resolve)
{
	struct open_how how = { .flags = DIR_FLAGS | O_NOATIME, .resolve = resolve };
	int fd = (int)syscall(SYS_openat2, at, name, &how, sizeof(how));

	if (fd >= 0 || errno != EPERM)
		return fd;
	how.flags = DIR_FLAGS;
	return (int)syscall(SYS_openat2, at, name, &how, sizeof(how));
}

int dir_look(int fd, const char *name, struct statx *ret)
{
	return statx(fd, name,
		     AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
		     STATX_TYPE | STATX_NLINK | STATX_INO | STATX_SIZE | STATX_BLOCKS | STATX_CTIME,
		     ret);
}

struct dir *dir_new(struct dir *parent, int fd, uint64_t ino, struct scan_bounds *bounds)
{
	struct dir *d = xcalloc(1, sizeof(*d));

	if (parent)
		atomic_fetch_add(&parent->refs, 1);
	d->parent = parent;
	d->refs = 1;
	d->fd = fd;
	d->ino = ino;
	scan_bounds_hold(bounds, DIR_BYTES);
	return d;
}

/* No recursion: trees are deep. */
void dir_drop(struct dir *d, struct scan_bounds *bounds)
{
	while (d && atomic_fetch_sub(&d->refs, 1) == 1) {
		struct dir *parent = d->parent;

		assert(d->fd < 0);
		scan_bounds_release(bounds, DIR_BYTES + d->names.len);
		buf_fini(&d->names);
		free(d);
		d = parent;
	}
}

bool dir_waits(const struct dir *d)
{
	return d->next_name < d->names.len;
}

struct dir *dir_split(struct dir *d, struct scan_bounds *bounds)
{
	size_t n_bytes = d->names.len - d->next_name, keep = 0;
	const char *names = d->names.data + d->next_name, *middle;
	int fd = fcntl(d->fd, F_DUPFD_CLOEXEC, 0);
	struct dir *half;

	if (fd < 0)
		return NULL;
	middle = memrchr(names, '\0', n_bytes / 2);
	if (middle)
		keep = (size_t)(middle + 1 - names);
	half = dir_new(d->parent, fd, d->ino, bounds);
	buf_add(&half->names, names + keep, n_bytes - keep);
	d->names.len -= n_bytes - keep;
	return half;
}
