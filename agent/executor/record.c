/* One block: reserved, and overwritten at the end. */
#include "agent/executor/record.h"

#include <fcntl.h>

/* What was half made is removed: the agent would take it for that of a container that lives. */
static int reserve(int dir, const char *name, int fd)
{
	int r = posix_fallocate(fd, 0, OUTCOME_BYTES);

	if (!r && (fsync(fd) || fsync(dir)))
		r = errno;
	if (r)
		unlinkat(dir, name, 0);
	return -r;
}

int record_make(const char *path, int *ret, struct error *e)
{
	const char *slash = strrchr(path, '/');
	autofree char *parent = NULL;
	autofd int dir = -EBADF, fd = -EBADF;
	int r;

	assert(slash); /* it is absolute */
	parent = xstrndup(path, MAX((size_t)(slash - path), 1));
	dir = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return error_sys(e, "open directory %s for the exit record", parent);
	fd = openat(dir, slash + 1, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_sys(e, "make the exit record %s", path);
	r = reserve(dir, slash + 1, fd);
	if (r)
		return error_set(e, -r, "reserve %d bytes for the exit record %s: %s",
				 OUTCOME_BYTES, path, strerror(-r));
	*ret = take_fd(fd);
	return 0;
}

int record_write(int fd, const char *path, const char *line, size_t len, struct error *e)
{
	ssize_t n;

	assert(len <= OUTCOME_BYTES);
	n = pwrite(fd, line, len, 0);
	if (n >= 0 && (size_t)n < len)
		return error_set(e, EIO, "write the exit record %s: cut short", path);
	if (n < 0 || fdatasync(fd))
		return error_sys(e, "write the exit record %s", path);
	return 0;
}
