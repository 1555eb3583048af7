/* A file is looked at before it is opened for reading: opening a device or a FIFO has effects. */
#include "lib/config_dir.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "lib/fs.h"

/* Flags whose value is a list: each item may be a file in a directory of that name. */
static const char *const lists[] = { "attributes", "resources" };

struct reader {
	size_t max_bytes;
	bool (*wanted)(const char *name, const void *ctx);
	const void *ctx;
	struct config *config;
};

void config_fini(struct config *c)
{
	for (size_t i = 0; i < c->count; i++) {
		free(c->list[i].path);
		free(c->list[i].argument);
	}
	free(c->list);
	*c = (struct config){ 0 };
}

static void add(struct config *c, const char *path, char *argument)
{
	c->list = xreallocarray(c->list, c->count + 1, sizeof(*c->list));
	c->list[c->count++] = (struct config_flag){ .path = xstrdup(path), .argument = argument };
}

/* ---- whose it is ---- */

/* Whoever may write there says what a daemon does, and so what root does. */
static int check_trusted(const char *path, const struct stat *st, struct error *e)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return error_set(e, EPERM, "%s belongs to another user: chown root %s", path, path);
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return error_set(e, EPERM, "others may write to %s: chmod go-w %s", path, path);
	return 0;
}

/* Does no more than name it: O_PATH of open(2). Links are followed, to what is then checked. */
static int look_at(int at, const char *name, const char *path, struct stat *st, int *ret,
		   struct error *e)
{
	autofd int fd = openat(at, name, O_PATH | O_CLOEXEC);

	if (fd < 0 || fstat(fd, st))
		return error_sys(e, "open %s", path);
	if (check_trusted(path, st, e))
		return -e->code;
	*ret = take_fd(fd);
	return 0;
}

/* ---- files ---- */

static void trim(struct buf *text)
{
	size_t start = 0;

	while (text->len && isspace((unsigned char)text->data[text->len - 1]))
		text->len--;
	while (start < text->len && isspace((unsigned char)text->data[start]))
		start++;
	buf_consume(text, start);
}

static int read_text(size_t max_bytes, int fd, const struct stat *st, const char *path,
		     struct buf *ret, struct error *e)
{
	char same[64];

	if (!S_ISREG(st->st_mode))
		return error_set(e, EINVAL, "%s: is no regular file", path);
	if (st->st_size > (off_t)max_bytes)
		return error_set(e, EFBIG, "%s: is larger than %zu bytes", path, max_bytes);
	snprintf(same, sizeof(same), "/proc/self/fd/%d", fd);
	return fs_read(same, max_bytes, ret, e) ? error_wrap(e, "%s", path) : 0;
}

static int read_value(size_t max_bytes, int fd, const struct stat *st, const char *path,
		      struct buf *ret, struct error *e)
{
	if (read_text(max_bytes, fd, st, path, ret, e))
		return -e->code;
	if (memchr(buf_text(ret), '\0', ret->len))
		return error_set(e, EINVAL, "%s: has a NUL byte", path);
	trim(ret);
	return 0;
}

int config_file_read(const char *path, size_t max_bytes, struct buf *ret, struct error *e)
{
	autofd int fd = -EBADF;
	struct stat st = { 0 };

	return look_at(AT_FDCWD, path, path, &st, &fd, e)
		       ?: read_text(max_bytes, fd, &st, path, ret, e);
}

/* ---- directories ---- */

static int is_visible(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int each(int at, const char *path,
		int (*fn)(int at, const char *path, const char *name, void *ctx, struct error *e),
		void *ctx, struct error *e)
{
	struct dirent **list;
	int n = scandirat(at, ".", &list, is_visible, by_name), r = 0;

	if (n < 0)
		return error_sys(e, "read directory %s", path);
	if (n > CONFIG_ENTRIES_MAX)
		r = error_set(e, E2BIG, "%s: has more than %d files", path, CONFIG_ENTRIES_MAX);
	for (int i = 0; i < n; i++) {
		autofree char *full = path_join(path, list[i]->d_name);

		if (!r)
			r = fn(at, full, list[i]->d_name, ctx, e);
		free(list[i]);
	}
	free(list);
	return r;
}

/* An item of --attributes or --resources: "rack:r1". */
struct items {
	const struct reader *reader;
	struct buf text;
};

static int read_item(int at, const char *path, const char *name, void *ctx, struct error *e)
{
	struct items *items = ctx;
	autobuf struct buf value = { 0 };
	autofd int fd = -EBADF;
	struct stat st = { 0 };

	if (look_at(at, name, path, &st, &fd, e) ||
	    read_value(items->reader->max_bytes, fd, &st, path, &value, e))
		return -e->code;
	buf_addf(&items->text, "%s%s:%s", items->text.len ? ";" : "", name, buf_text(&value));
	return 0;
}

static int read_list(const struct reader *r, int fd, const char *path, const char *name,
		     struct error *e)
{
	struct items items = { .reader = r };
	autofd int dir = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int status;

	if (dir < 0)
		return error_sys(e, "open %s", path);
	status = each(dir, path, read_item, &items, e);
	if (!status && items.text.len)
		add(r->config, path, xasprintf("--%s=%s", name, buf_text(&items.text)));
	buf_fini(&items.text);
	return status;
}

static bool is_list(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		if (!strcmp(lists[i], name))
			return true;
	return false;
}

static int read_entry(int at, const char *path, const char *name, void *ctx, struct error *e)
{
	struct reader *r = ctx;
	autobuf struct buf value = { 0 };
	autofd int fd = -EBADF;
	struct stat st = { 0 };

	if (r->wanted && !r->wanted(name, r->ctx))
		return 0;
	if (look_at(at, name, path, &st, &fd, e))
		return -e->code;
	if (S_ISDIR(st.st_mode) && is_list(name))
		return read_list(r, fd, path, name, e);
	if (read_value(r->max_bytes, fd, &st, path, &value, e))
		return -e->code;
	add(r->config, path,
	    *name == '?' ? xasprintf("--%s", name + 1)
			 : xasprintf("--%s=%s", name, buf_text(&value)));
	return 0;
}

int config_dir_read(const char *path, size_t max_bytes,
		    bool (*wanted)(const char *name, const void *ctx), const void *ctx,
		    struct config *ret, struct error *e)
{
	struct reader r = {
		.max_bytes = max_bytes,
		.wanted = wanted,
		.ctx = ctx,
		.config = ret,
	};
	autofd int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st = { 0 };

	if (dir < 0 && errno == ENOENT)
		return 0;
	if (dir < 0 || fstat(dir, &st))
		return error_sys(e, "open %s", path);
	if (check_trusted(path, &st, e))
		return -e->code;
	return each(dir, path, read_entry, &r, e);
}
