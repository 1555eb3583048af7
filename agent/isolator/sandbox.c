/*
 * The sandbox: a fresh directory in Mesos's layout, owned by the task's user, with
 * stdout and stderr. Above it everything belongs to the agent.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "agent/isolator/rows.h"
#include "lib/fs.h"

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

static int prepare(struct container *c, struct launch_plan *plan, struct error *e)
{
	autofree char *parent = xstrndup(c->sandbox, strlen(c->sandbox) - strlen(c->id) - 1);
	autofd int runs = -EBADF;

	if (fs_mkdirs(parent, 0755, e))
		return -e->code;
	runs = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (runs < 0)
		return error_sys(e, "open %s", parent);
	if (make_directory(c, plan, runs, &c->sandbox_fd, e) ||
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
