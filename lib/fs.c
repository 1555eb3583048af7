/* Paths, whole files, trees. */
#include "lib/fs.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

char *path_join(const char *a, const char *b)
{
	return xasprintf("%s/%s", a, b);
}

int fs_mkdirs(const char *path, unsigned mode, struct error *e)
{
	autofree char *copy = xstrdup(path);
	struct stat st;

	for (char *p = copy + 1; *copy; p++) {
		char c = *p;

		if (c != '/' && c != '\0')
			continue;
		*p = '\0';
		if (mkdir(copy, mode) && errno != EEXIST)
			return error_sys(e, "create directory %s", copy);
		*p = c;
		if (!c)
			break;
	}
	if (stat(path, &st))
		return error_sys(e, "create directory %s", path);
	if (!S_ISDIR(st.st_mode))
		return error_set(e, ENOTDIR, "create directory %s: %s", path, strerror(ENOTDIR));
	return 0;
}

/* Appends what there is; -EFBIG for more than max_bytes. */
static int read_all(int fd, size_t max_bytes, struct buf *ret)
{
	size_t start = ret->len;

	for (;;) {
		ssize_t n = read(fd, buf_reserve(ret, 4096), 4096);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		ret->len += (size_t)n;
		if (ret->len - start > max_bytes)
			return -EFBIG;
	}
}

int fs_read(const char *path, size_t max_bytes, struct buf *ret, struct error *e)
{
	autofd int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t start = ret->len;
	int r;

	if (fd < 0)
		return error_sys(e, "open %s", path);
	r = read_all(fd, max_bytes, ret);
	if (!r)
		return 0;
	ret->len = start;
	if (r == -EFBIG)
		return error_set(e, EFBIG, "read %s: larger than %zu bytes", path, max_bytes);
	return error_set(e, -r, "read %s: %s", path, strerror(-r));
}

int fs_write_all(int fd, const void *data, size_t n)
{
	const char *p = data;

	while (n) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

/* Moves a directory to a name of top that is free; whose tree it was may have taken some. */
static int lift(int from, const char *name, int top, unsigned *counter)
{
	for (;;) {
		autofree char *spare = xasprintf(".removing-%d-%u", (int)getpid(), (*counter)++);

		if (!renameat(from, name, top, spare))
			return 0;
		if (errno != EEXIST && errno != ENOTEMPTY && errno != ENOTDIR && errno != EISDIR)
			return -errno;
	}
}

/*
 * Empties the directory `name` of top: files go at once, directories that are not empty are
 * lifted up into top. So depth costs neither stack nor descriptors.
 */
static int lift_children(int top, const char *name, unsigned *counter, struct error *e)
{
	int fd = openat(top, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;
	int r = 0;

	if (!dir) {
		r = error_sys(e, "open directory %s", name);
		close_fd(&fd);
		return r;
	}
	while (!r && (d = readdir(dir))) {
		int lifted;

		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, "..") ||
		    !unlinkat(fd, d->d_name, 0) || !unlinkat(fd, d->d_name, AT_REMOVEDIR))
			continue;
		lifted = lift(fd, d->d_name, top, counter);
		if (lifted && lifted != -ENOENT)
			r = error_set(e, -lifted, "remove %s/%s: %s", name, d->d_name,
				      strerror(-lifted));
	}
	closedir(dir);
	return r;
}

/* One pass over top; *left counts what the next pass has to look at. */
static int remove_pass(int top, unsigned *counter, unsigned *left, struct error *e)
{
	int fd = openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;
	int r = 0;

	if (!dir) {
		r = error_sys(e, "open a directory");
		close_fd(&fd);
		return r;
	}
	*left = 0;
	while (!r && (d = readdir(dir))) {
		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, "..") ||
		    !unlinkat(top, d->d_name, 0) || !unlinkat(top, d->d_name, AT_REMOVEDIR) ||
		    errno == ENOENT)
			continue;
		if (errno != ENOTEMPTY && errno != EEXIST)
			r = error_sys(e, "remove %s", d->d_name);
		else
			r = lift_children(top, d->d_name, counter, e);
		++*left;
	}
	closedir(dir);
	return r;
}

int fs_remove_tree(int dirfd, const char *name, struct error *e)
{
	unsigned counter = 0, left = 0;
	autofd int top = -EBADF;
	int r;

	if (!unlinkat(dirfd, name, 0) || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return error_sys(e, "remove %s", name);
	top = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (top < 0)
		return error_sys(e, "open %s", name);
	do {
		r = remove_pass(top, &counter, &left, e);
	} while (!r && left);
	if (r)
		return error_wrap(e, "%s", name);
	if (unlinkat(dirfd, name, AT_REMOVEDIR) && errno != ENOENT)
		return error_sys(e, "remove directory %s", name);
	return 0;
}
