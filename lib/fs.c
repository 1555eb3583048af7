/* Paths, whole files, trees. */
#include "lib/fs.h"

#include <dirent.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <sys/stat.h>

char *path_join(const char *a, const char *b)
{
	return xasprintf("%s/%s", a, b);
}

char *path_existing(const char *path)
{
	char *at = xstrdup(path);

	assert(*path == '/');
	while (access(at, F_OK) && errno == ENOENT && strcmp(at, "/"))
		dirname(at); /* which cuts an absolute path in place */
	return at;
}

char *path_plain(const char *path)
{
	char *plain = xstrdup(path), *to = plain;

	for (const char *s = plain; *s; s++)
		if (*s != '/' || (s[1] != '/' && s[1]))
			*to++ = *s;
	if (to == plain && *path == '/')
		*to++ = '/';
	*to = '\0';
	return plain;
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

/* A pass may take no more than a level of it; who makes files in it is not to keep us for ever. */
#define PASSES_MAX 20000

/* A tree that is being removed: its top, to which what is not empty is lifted. */
struct removal {
	int top;
	const atomic_bool *stop; /* NULL: nobody stops it */
	unsigned counter;        /* of names for what is lifted */
	unsigned left;           /* what the last pass could not remove */
	bool went;               /* and whether anything went in it */
	struct error why;        /* code 0: nothing in it has failed; the first that has */
};

/* Whose tree it was may have closed a directory to us, who own it too if we are not root. */
static int reopen(int at, const char *name)
{
	return geteuid() ? fchmodat(at, name, 0700, AT_SYMLINK_NOFOLLOW) : -1;
}

/*
 * Who owned it may be in it still, or have it open, and could go on making files there: it becomes
 * ours. First the owner, who could otherwise undo the mode; both are in vain if we may not.
 */
static int open_to_empty(int at, const char *name)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(at, name, flags);

	if (fd < 0 && errno == EACCES && !reopen(at, name))
		fd = openat(at, name, flags);
	if (fd >= 0 && !fchown(fd, geteuid(), getegid()))
		fchmod(fd, 0700);
	return fd;
}

/* Moves a directory to a name of top that is free; whose tree it was may have taken some. */
static int lift(struct removal *r, int from, const char *name)
{
	bool reopened = false;

	for (;;) {
		autofree char *spare = xasprintf(".removing-%d-%u", (int)getpid(), r->counter++);

		if (!renameat(from, name, r->top, spare))
			return 0;
		if (errno == EACCES && !reopened && !reopen(from, name))
			reopened = true;
		else if (errno != EEXIST && errno != ENOTEMPTY && errno != ENOTDIR &&
			 errno != EISDIR)
			return -errno;
	}
}

static bool stopped(const struct removal *r)
{
	return r->stop && atomic_load(r->stop);
}

/* What does not go keeps nothing else: it may go itself once that has. */
static void fail(struct removal *r, int code, const char *at, const char *name)
{
	if (!r->why.code)
		error_set(&r->why, code, "remove %s%s%s: %s", at, *at ? "/" : "", name,
			  strerror(code));
}

/*
 * Empties the directory `name` of top: files go at once, directories that are not empty are
 * lifted up into top. So depth costs neither stack nor descriptors.
 */
static void lift_children(struct removal *r, const char *name)
{
	int fd = open_to_empty(r->top, name);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;

	if (!dir) {
		fail(r, errno, "", name);
		close_fd(&fd);
		return;
	}
	while (!stopped(r) && (d = readdir(dir))) {
		int lifted = 0;

		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		if (unlinkat(fd, d->d_name, 0) && unlinkat(fd, d->d_name, AT_REMOVEDIR))
			lifted = lift(r, fd, d->d_name);
		if (lifted && lifted != -ENOENT)
			fail(r, -lifted, name, d->d_name);
		else
			r->went = true;
	}
	closedir(dir);
}

/* One pass over top; r->left counts what the next pass has to look at. */
static void remove_pass(struct removal *r)
{
	int fd = openat(r->top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;

	r->left = 0;
	r->went = false;
	r->why.code = 0;
	if (!dir) {
		r->left++;
		error_sys(&r->why, "open a directory");
		close_fd(&fd);
		return;
	}
	while (!stopped(r) && (d = readdir(dir))) {
		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		if (!unlinkat(r->top, d->d_name, 0) || !unlinkat(r->top, d->d_name, AT_REMOVEDIR) ||
		    errno == ENOENT) {
			r->went = true;
			continue;
		}
		if (errno != ENOTEMPTY && errno != EEXIST)
			fail(r, errno, "", d->d_name);
		else
			lift_children(r, d->d_name);
		r->left++;
	}
	closedir(dir);
}

int fs_remove_tree(int dirfd, const char *name, struct error *e)
{
	return fs_remove_tree_unless(dirfd, name, NULL, e);
}

int fs_remove_tree_unless(int dirfd, const char *name, const atomic_bool *stop, struct error *e)
{
	struct removal r = { .stop = stop };
	autofd int top = -EBADF;
	unsigned passes = 0;

	if (!unlinkat(dirfd, name, 0) || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return error_sys(e, "remove %s", name);
	top = open_to_empty(dirfd, name);
	if (top < 0)
		return error_sys(e, "open %s", name);
	r.top = top;
	do {
		remove_pass(&r);
	} while (r.left && (r.went || !r.why.code) && !stopped(&r) && ++passes < PASSES_MAX);
	if (stopped(&r))
		return error_set(e, ECANCELED, "%s: left before all of it was removed", name);
	if (r.left && r.why.code) {
		*e = r.why;
		return error_wrap(e, "%s", name);
	}
	if (r.left)
		return error_set(e, EBUSY,
				 "%s: it is not empty after %d passes: somebody makes files in it "
				 "as fast as they are removed, or it is very deep",
				 name, PASSES_MAX);
	if (unlinkat(dirfd, name, AT_REMOVEDIR) && errno != ENOENT)
		return error_sys(e, "remove directory %s", name);
	return 0;
}
