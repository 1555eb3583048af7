/* The file that keeps room for the store. */
#include "lib/store-reserve.h"

#include <fcntl.h>
#include <libgen.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "lib/fs.h"

static bool is_there(const char *path, uint64_t bytes)
{
	struct stat st;

	return !lstat(path, &st) && S_ISREG(st.st_mode) && (uint64_t)st.st_size == bytes &&
	       (uint64_t)st.st_blocks * STAT_BLOCK_BYTES >= bytes;
}

static int write_zeros(int fd, uint64_t bytes)
{
	static const char zeros[64 * KIB];
	int r = 0;

	for (uint64_t done = 0; !r && done < bytes; done += MIN(bytes - done, sizeof(zeros)))
		r = fs_write_all(fd, zeros, MIN(bytes - done, sizeof(zeros)));
	return r;
}

static int fill(int fd, uint64_t bytes)
{
	int r = fallocate(fd, 0, 0, (off_t)bytes) ? -errno : 0;

	if (r == -EOPNOTSUPP)
		r = write_zeros(fd, bytes);
	if (!r && fsync(fd))
		r = -errno;
	return r;
}

int store_reserve_make(const char *path, uint64_t bytes, struct error *e)
{
	autofd int fd = -EBADF;
	int r;

	if (bytes && is_there(path, bytes))
		return 0;
	store_reserve_drop(path);
	if (!bytes)
		return 0;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_sys(e, "create %s", path);
	r = fill(fd, bytes);
	if (!r)
		return 0;
	store_reserve_drop(path);
	return error_set(e, -r, "keep a reserve in %s: %s", path, strerror(-r));
}

bool store_reserve_drop(const char *path)
{
	return !unlink(path);
}

bool store_reserve_fits(const char *path, uint64_t bytes)
{
	autofree char *copy = xstrdup(path);
	struct statvfs fs;

	return !statvfs(dirname(copy), &fs) && (uint64_t)fs.f_bavail * fs.f_frsize / 2 >= bytes;
}
