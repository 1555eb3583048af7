/*
 * The sandbox: a fresh directory in Mesos's layout, owned by the task's user, with
 * stdout and stderr. Above it everything belongs to the agent.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "agent/isolator/rows.h"
#include "lib/fs.h"
#include "lib/log.h"

/* Each further one means that an older sandbox of the same executor was removed meanwhile. */
#define DIRECTORY_TRIES 100

/* `latest` points to the newest run; replaced in one step, so that it is never missing. */
static int point_latest(int runs, const char *container_id, struct error *e)
{
	autofree char *temporary = xasprintf(".latest-%s", container_id);

	if (symlinkat(container_id, runs, temporary))
		return error_sys(e, "create link runs/%s", temporary);
	if (renameat(runs, temporary, runs, "latest"))
		return error_sys(e, "rename runs/%s to runs/latest", temporary);
	return 0;
}

static int open_output(const struct container *c, const struct launch_plan *plan, int dir,
		       const char *name, int *ret, struct error *e)
{
	autofd int fd =
		openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC,
		       0644);

	if (fd < 0)
		return error_sys(e, "create %s/%s", c->sandbox, name);
	if (plan->switch_user && fchown(fd, (uid_t)plan->uid, (gid_t)plan->gid))
		return error_sys(e, "chown %s/%s", c->sandbox, name);
	*ret = take_fd(fd);
	return 0;
}

/* The mode is set apart from mkdir(2): a umask must not decide it. */
static int make_directory(const struct container *c, const struct launch_plan *plan, int runs,
			  int *ret, struct error *e)
{
	autofd int dir = -EBADF;

	if (mkdirat(runs, c->id, 0700))
		return error_sys(e, "create directory %s", c->sandbox);
	dir = openat(runs, c->id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return error_sys(e, "open %s", c->sandbox);
	if (fchmod(dir, 0755))
		return error_sys(e, "chmod %s", c->sandbox);
	if (plan->switch_user && fchown(dir, (uid_t)plan->uid, (gid_t)plan->gid))
		return error_sys(e, "chown %s to user '%s'", c->sandbox, plan->user);
	*ret = take_fd(dir);
	return 0;
}

/*
 * Opens and locks the directory of the executor's runs: `latest` is ours until it is closed, and
 * garbage collection (gc_tree.c) keeps away. Where the file system has no locks it goes without.
 */
static int open_runs(const struct container *c, int *ret, struct error *e)
{
	autofree char *parent = xstrndup(c->sandbox, strlen(c->sandbox) - strlen(c->id) - 1);
	autofd int runs = -EBADF;

	if (fs_mkdirs(parent, 0755, e))
		return -e->code;
	runs = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (runs < 0)
		return error_sys(e, "open %s", parent);
	if (flock(runs, LOCK_EX))
		log_debug("container %s: cannot lock %s: %s", c->id, parent, strerror(errno));
	*ret = take_fd(runs);
	return 0;
}

/* Garbage collection may remove a directory that is empty while we are on the way through it. */
static int make_sandbox(struct container *c, const struct launch_plan *plan, int *ret,
			struct error *e)
{
	for (int tries = 1;; tries++) {
		autofd int runs = -EBADF;
		struct error why;
		int r = open_runs(c, &runs, &why);

		if (!r)
			r = make_directory(c, plan, runs, &c->sandbox_fd, &why);
		if (!r) {
			*ret = take_fd(runs);
			return 0;
		}
		if (r != -ENOENT || tries == DIRECTORY_TRIES) {
			*e = why;
			return r;
		}
	}
}

static int prepare(struct container *c, struct launch_plan *plan, struct error *e)
{
	autofd int runs = -EBADF;

	if (make_sandbox(c, plan, &runs, e) ||
	    open_output(c, plan, c->sandbox_fd, "stdout", &c->stdout_fd, e) ||
	    open_output(c, plan, c->sandbox_fd, "stderr", &c->stderr_fd, e) ||
	    point_latest(runs, c->id, e))
		return -e->code;
	plan->directory = xstrdup(c->sandbox);
	return 0;
}

const struct isolator isolator_sandbox = {
	.doc = "gives the container its directory",
	.prepare = prepare,
};
