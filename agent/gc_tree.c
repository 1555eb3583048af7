/* Removing and finding, component by component, and opening. */
#include "agent/gc_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "agent/latest.h"
#include "lib/fs.h"
#include "lib/log.h"
#include "lib/quota.h"
#include "lib/sandbox_path.h"

static int open_child(int at, const char *name)
{
	return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* ---- removing one ---- */

/* The directories along a path: at[i] is where part[i] is; at[0] is not ours. */
struct branch {
	struct sandbox_path path;
	int at[SANDBOX_PATH_PARTS];
	unsigned depth; /* the last one that could be opened */
};

static void branch_fini(struct branch *b)
{
	for (unsigned i = b->depth; i > 0; i--)
		close_fd(&b->at[i]);
	sandbox_path_fini(&b->path);
}

/* As far as there are directories; 0 even if that is not all the way. */
static int branch_open(struct branch *b, int top, const char *path, struct error *e)
{
	if (sandbox_path_parse(path, &b->path))
		return error_set(e, EINVAL, "%s is not the path of a sandbox", path);
	b->at[0] = top;
	while (b->depth < SANDBOX_PATH_RUN) {
		int fd = open_child(b->at[b->depth], b->path.part[b->depth]);

		if (fd < 0 && errno == ENOENT)
			return 0;
		if (fd < 0)
			return error_sys(e, "open %s, part of %s", b->path.part[b->depth], path);
		b->at[++b->depth] = fd;
	}
	return 0;
}

/*
 * What is moved about in a sandbox while it is removed is no task's doing, and may be of another
 * project: no limit is to refuse it (EDQUOT), nor the rule that keeps others' files out (EXDEV).
 * Its id stays its own until all of it is gone. Where there are no projects this fails.
 */
static void end_project(int runs, const char *gone)
{
	const struct project none = { .id = PROJECT_NONE };
	autofd int fd = open_child(runs, gone);

	if (fd >= 0)
		project_set(fd, &none);
}

static int remove_gone(int runs, const char *gone, const atomic_bool *stop, struct error *e)
{
	end_project(runs, gone);
	return fs_remove_tree_unless(runs, gone, stop, e);
}

static int remove_run(int runs, const char *id, const atomic_bool *stop, struct error *e)
{
	autofree char *gone = sandbox_path_gone(id);
	int r = remove_gone(runs, gone, stop, e);

	if (r)
		return r;
	if (renameat(runs, id, runs, gone))
		return errno == ENOENT ? 0 : error_sys(e, "rename %s to %s", id, gone);
	return remove_gone(runs, gone, stop, e);
}

static bool may_go(unsigned depth, const char *name, const char *keep_agent)
{
	return depth > 0 && !(depth == SANDBOX_PATH_AGENT && str_equal(name, keep_agent));
}

/* As far up as they are empty. */
static int remove_empty_above(const struct branch *b, const char *keep_agent, struct error *e)
{
	for (unsigned i = b->depth; i-- > 0;) {
		const char *name = b->path.part[i];

		if (!may_go(i, name, keep_agent))
			return 0;
		if (!unlinkat(b->at[i], name, AT_REMOVEDIR) || errno == ENOENT)
			continue;
		return errno == ENOTEMPTY || errno == EEXIST
			       ? 0
			       : error_sys(e, "remove empty directory %s", name);
	}
	return 0;
}

int gc_tree_remove(int top, const char *path, const char *keep_agent, const atomic_bool *stop,
		   struct error *e)
{
	cleanup(branch_fini) struct branch b = { .depth = 0 };
	int r = branch_open(&b, top, path, e);

	if (r)
		return r;
	if (b.depth == SANDBOX_PATH_RUN) {
		r = remove_run(b.at[SANDBOX_PATH_RUN], b.path.part[SANDBOX_PATH_RUN], stop, e);
		if (!r)
			r = latest_drop(b.at[SANDBOX_PATH_RUN], b.path.part[SANDBOX_PATH_RUN], e);
		if (r)
			return r;
	}
	return remove_empty_above(&b, keep_agent, e);
}

/* ---- opening one ---- */

int gc_tree_open(int top, const char *path, bool gone)
{
	const char *slash = strrchr(path, '/');
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	autofree char *last = NULL, *name = NULL;

	assert(slash);
	last = gone ? sandbox_path_gone(slash + 1) : xstrdup(slash + 1);
	name = xasprintf("%.*s%s", (int)(slash + 1 - path), path, last);
	return (int)syscall(SYS_openat2, top, name, &how, sizeof(how));
}

/* ---- finding all ---- */

struct search {
	const char *keep_agent;
	gc_tree_found *found;
	void *ctx;
	struct buf path; /* of the directory that is being listed, with a slash at its end */
};

static void look_at_run(struct search *s, int runs, const char *name)
{
	bool gone;
	const char *id = sandbox_path_id(name, &gone);
	size_t length = s->path.len;
	struct stat st;

	if ((*name == '.' && !gone) || fstatat(runs, name, &st, AT_SYMLINK_NOFOLLOW) ||
	    (!S_ISDIR(st.st_mode) && !gone))
		return;
	buf_adds(&s->path, id);
	s->found(buf_text(&s->path), id, st.st_mtim.tv_sec * NSEC_PER_SEC + st.st_mtim.tv_nsec,
		 gone, s->ctx);
	s->path.len = length;
}

static void list_directory(struct search *s, int fd, unsigned depth);

/* Not a directory: nothing of ours. */
static void descend(struct search *s, int at, const char *name, unsigned depth)
{
	int fd = open_child(at, name);
	size_t length = s->path.len;

	if (fd < 0) {
		if (errno != ENOTDIR && errno != ENOENT && errno != ELOOP)
			log_warning("gc: cannot look for sandboxes in %s%s: %s", buf_text(&s->path),
				    name, strerror(errno));
		return;
	}
	buf_addf(&s->path, "%s/", name);
	list_directory(s, fd, depth + 1);
	s->path.len = length;
	if (may_go(depth, name, s->keep_agent))
		unlinkat(at, name, AT_REMOVEDIR);
}

static void list_entries(struct search *s, DIR *dir, unsigned depth)
{
	struct dirent *d;

	while ((d = readdir(dir))) {
		if (str_equal(d->d_name, ".") || str_equal(d->d_name, ".."))
			continue;
		if (depth == SANDBOX_PATH_RUN)
			look_at_run(s, dirfd(dir), d->d_name);
		else
			descend(s, dirfd(dir), d->d_name, depth);
	}
}

/* fd is taken. */
static void list_directory(struct search *s, int fd, unsigned depth)
{
	const char *fixed = sandbox_path_fixed(depth);
	DIR *dir;

	if (fixed) {
		descend(s, fd, fixed, depth);
		close_fd(&fd);
		return;
	}
	dir = fdopendir(fd);
	if (!dir) {
		close_fd(&fd);
		return;
	}
	list_entries(s, dir, depth);
	closedir(dir);
}

void gc_tree_find(int top, const char *keep_agent, gc_tree_found *found, void *ctx)
{
	struct search s = { .keep_agent = keep_agent, .found = found, .ctx = ctx };

	descend(&s, top, sandbox_path_fixed(0), 0);
	buf_fini(&s.path);
}
