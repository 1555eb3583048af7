/* Paths, whole files, trees. */
#include "lib/fs.h"

#include <dirent.h>
#include <fcntl.h>
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

static int remove_children(int fd, struct error *e)
{
	DIR *dir = fdopendir(fd);
	struct dirent *d;
	int r = 0;

	if (!dir) {
		r = error_sys(e, "list a directory");
		close(fd);
		return r;
	}
	while (!r && (d = readdir(dir)))
		if (strcmp(d->d_name, ".") && strcmp(d->d_name, ".."))
			r = fs_remove_tree(dirfd(dir), d->d_name, e);
	closedir(dir);
	return r;
}

int fs_remove_tree(int dirfd, const char *name, struct error *e)
{
	int fd, r;

	if (!unlinkat(dirfd, name, 0) || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return error_sys(e, "remove %s", name);
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_sys(e, "open %s", name);
	r = remove_children(fd, e); /* takes fd */
	if (r)
		return error_wrap(e, "%s", name);
	if (unlinkat(dirfd, name, AT_REMOVEDIR) && errno != ENOENT)
		return error_sys(e, "remove directory %s", name);
	return 0;
}
