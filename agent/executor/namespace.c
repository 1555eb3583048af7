/*
 * The mounts are made by descriptors, Linux 5.12: a path is walked once, and no symbolic link is
 * followed on the way, for whoever owns a directory there could make one meanwhile.
 */
#include "agent/executor/namespace.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* The kernel keeps about that much for an empty file, which the size of a tmpfs does not count. */
#define INODE_BYTES KIB

/* ---- paths ---- */

static int open_path(int at, const char *path, uint64_t resolve)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC,
				.resolve = RESOLVE_NO_SYMLINKS | resolve };

	return (int)syscall(SYS_openat2, at, path, &how, sizeof(how));
}

static int path_error(const char *path, struct error *e)
{
	if (errno == ELOOP)
		return error_set(e, ELOOP, "%s: a symbolic link is on the way", path);
	return error_sys(e, "%s", path);
}

/* What of the path is below the sandbox, which is "." itself; NULL: it lies elsewhere. */
static const char *in_sandbox(const struct launch_plan *plan, const char *path)
{
	size_t n = strlen(plan->directory);

	if (strncmp(path, plan->directory, n) != 0 || (path[n] && path[n] != '/'))
		return NULL;
	return path[n] ? path + n + 1 : ".";
}

/* What leads to the sandbox is the agent's, and may well go through a link. */
static int open_place(const struct launch_plan *plan, int sandbox, const char *path)
{
	const char *inside = in_sandbox(plan, path);

	return inside ? open_path(sandbox, inside, RESOLVE_BENEATH) : open_path(AT_FDCWD, path, 0);
}

/* The last part of a path in the sandbox, and nowhere else: what is mounted there is not ours. */
static int make_target(int sandbox, const char *path, bool directory)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t n = slash ? (size_t)(slash - path) : 1;
	autofd int parent = -EBADF, file = -EBADF;
	char above[PATH_MAX];

	memcpy(above, slash ? path : ".", n);
	above[n] = '\0';
	parent = open_path(sandbox, above, RESOLVE_BENEATH | RESOLVE_NO_XDEV);
	if (parent < 0) {
		errno = errno == EXDEV ? ENOENT : errno;
		return -1;
	}
	if (directory)
		return mkdirat(parent, name, 0755);
	file = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	return file < 0 ? -1 : 0;
}

static int open_target(const struct launch_plan *plan, int sandbox, const char *target,
		       bool directory, struct error *e)
{
	const char *inside = in_sandbox(plan, target);
	int fd = open_place(plan, sandbox, target);

	if (fd < 0 && errno == ENOENT && inside && !make_target(sandbox, inside, directory))
		fd = open_place(plan, sandbox, target);
	return fd < 0 ? path_error(target, e) : fd;
}

/* ---- what is mounted ---- */

static unsigned attributes(const struct plan_mount *m)
{
	return (m->read_only ? MOUNT_ATTR_RDONLY : 0) | (m->suid ? 0 : MOUNT_ATTR_NOSUID) |
	       (m->dev ? 0 : MOUNT_ATTR_NODEV);
}

static int make_bind(const struct launch_plan *plan, int sandbox, const struct plan_mount *m,
		     struct error *e)
{
	struct mount_attr set = { .attr_set = attributes(m) };
	autofd int source = open_place(plan, sandbox, m->source), tree = -EBADF;

	if (source < 0)
		return path_error(m->source, e);
	tree = open_tree(source, "",
			 AT_EMPTY_PATH | AT_RECURSIVE | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree < 0 || mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &set, sizeof(set)))
		return error_sys(e, "%s", m->source);
	return take_fd(tree);
}

static int make_tmpfs(const struct plan_mount *m, struct error *e)
{
	autofd int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);
	char size[32], inodes[32];
	int fd;

	snprintf(size, sizeof(size), "%llu", (unsigned long long)m->size);
	snprintf(inodes, sizeof(inodes), "%llu", (unsigned long long)(m->size / INODE_BYTES));
	if (fs < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "source", "tmpfs", 0) ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "size", size, 0) ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "nr_inodes", inodes, 0) ||
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		return error_sys(e, "a tmpfs of %s bytes", size);
	fd = fsmount(fs, FSMOUNT_CLOEXEC, attributes(m));
	return fd < 0 ? error_sys(e, "a tmpfs of %s bytes", size) : fd;
}

static int make_mount(const struct launch_plan *plan, int sandbox, const struct plan_mount *m,
		      struct error *e)
{
	autofd int what = m->source ? make_bind(plan, sandbox, m, e) : make_tmpfs(m, e);
	autofd int target = -EBADF;
	struct stat from, to;
	bool directory;

	if (what < 0)
		return what;
	if (fstat(what, &from))
		return error_sys(e, "look at it");
	directory = S_ISDIR(from.st_mode);
	target = open_target(plan, sandbox, m->target, directory, e);
	if (target < 0)
		return target;
	if (fstat(target, &to))
		return error_sys(e, "look at %s", m->target);
	if (directory != S_ISDIR(to.st_mode)) /* the kernel would say EINVAL */
		return error_set(e, ENOTDIR, "only one of them is a directory");
	if (move_mount(what, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH))
		return error_sys(e, "put it there");
	return 0;
}

/* ---- the namespace ---- */

/* Under another name than the plan has, a mount can still be on what leads to it. */
static int check_sandbox(const struct launch_plan *plan, int sandbox, struct error *e)
{
	struct stat before, now;

	if (fstat(sandbox, &before) || stat(plan->directory, &now))
		return error_sys(e, "look at the sandbox %s", plan->directory);
	if (before.st_dev != now.st_dev || before.st_ino != now.st_ino)
		return error_set(e, EINVAL, "the mounts hide the sandbox %s", plan->directory);
	return 0;
}

static int make_mounts(const struct launch_plan *plan, struct error *e)
{
	autofd int sandbox = open(plan->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (sandbox < 0)
		return error_sys(e, "open the sandbox %s", plan->directory);
	for (size_t i = 0; i < plan->mounts_count; i++) {
		const struct plan_mount *m = &plan->mounts[i];

		if (make_mount(plan, sandbox, m, e))
			return error_wrap(e, "mount %s on %s", m->source ? m->source : "a tmpfs",
					  m->target);
	}
	return check_sandbox(plan, sandbox, e);
}

/* Who may not make a namespace has no commands that could mount. */
int namespace_enter(const struct launch_plan *plan, struct error *e)
{
	if (!plan->mounts_count && !plan->pre_exec_count)
		return 0;
	if (unshare(CLONE_NEWNS)) {
		if (errno == EPERM && !plan->mounts_count)
			return 0;
		return error_sys(e, "make a mount namespace");
	}
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL))
		return error_sys(e, "keep mounts from the agent's namespace");
	return plan->mounts_count ? make_mounts(plan, e) : 0;
}
