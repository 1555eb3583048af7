/*
 * The sandbox: a fresh directory in Mesos's layout, with stdout and stderr. Above it everything
 * belongs to the agent, and so does the sandbox until all have prepared it: into one that has no
 * project yet any task of the same user could move files, or links to those of others.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "agent/isolator/rows.h"
#include "agent/latest.h"
#include "lib/fs.h"

/* Each further one means that an older sandbox of the same executor was removed meanwhile. */
#define DIRECTORY_TRIES 100

/*
 * Before the sandbox has its limits: where these are small, the kernel would refuse even an empty
 * file.
 */
static int open_output(const struct container *c, const char *name, int *ret, struct error *e)
{
	int fd = openat(c->sandbox_fd, name,
			O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (fd < 0)
		return error_sys(e, "create %s/%s", c->sandbox, name);
	*ret = fd;
	return 0;
}

static int make_directory(const struct container *c, int runs, int *ret, struct error *e)
{
	int dir;

	if (mkdirat(runs, c->id, 0700))
		return error_sys(e, "create directory %s", c->sandbox);
	dir = openat(runs, c->id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return error_sys(e, "open %s", c->sandbox);
	*ret = dir;
	return 0;
}

static int open_runs(const struct container *c, int *ret, struct error *e)
{
	autofree char *parent = xstrndup(c->sandbox, strlen(c->sandbox) - strlen(c->id) - 1);
	autofd int runs = -EBADF;

	if (fs_mkdirs(parent, 0755, e))
		return -e->code;
	runs = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (runs < 0)
		return error_sys(e, "open %s", parent);
	*ret = take_fd(runs);
	return 0;
}

/* Garbage collection may remove a directory that is empty while we are on the way through it. */
static int make_sandbox(struct container *c, int *ret, struct error *e)
{
	for (int tries = 1;; tries++) {
		autofd int runs = -EBADF;
		struct error why;
		int r = open_runs(c, &runs, &why);

		if (!r)
			r = make_directory(c, runs, &c->sandbox_fd, &why);
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

	if (make_sandbox(c, &runs, e) || open_output(c, "stdout", &c->stdout_fd, e) ||
	    open_output(c, "stderr", &c->stderr_fd, e) || latest_point(runs, c->id, e))
		return -e->code;
	plan->directory = xstrdup(c->sandbox);
	return 0;
}

/*
 * The directory comes last: nobody else may write into it before. No umask decides its mode; to
 * change that afterwards would need CAP_FOWNER.
 */
static int hand_over(struct container *c, const struct launch_plan *plan, struct error *e)
{
	const int fds[] = { c->stdout_fd, c->stderr_fd, c->sandbox_fd };

	if (fchmod(c->sandbox_fd, 0755))
		return error_sys(e, "chmod %s", c->sandbox);
	for (size_t i = 0; plan->switch_user && i < ARRAY_SIZE(fds); i++)
		if (fchown(fds[i], (uid_t)plan->uid, (gid_t)plan->gid))
			return error_sys(e, "chown %s to user '%s'", c->sandbox, plan->user);
	return 0;
}

const struct isolator isolator_sandbox = {
	.doc = "gives the container its directory",
	.prepare = prepare,
	.hand_over = hand_over,
};
