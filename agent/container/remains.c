/* Rounds of looking through /proc and killing: a fork that was missed is found by the next one. */
#include "agent/container/remains.h"

#include <fcntl.h>
#include <signal.h>

#include "agent/container/cgroups.h"
#include "lib/cgroup.h"
#include "lib/fs.h"
#include "lib/log.h"
#include "lib/procstat.h"
#include "lib/tree.h"

#define ROUNDS_MAX        100
#define PAUSE_NS          (10 * NSEC_PER_MSEC)
#define ENVIRON_MAX_BYTES (4 * MIB)

struct remains {
	struct work job;
	struct container *container; /* held */
	void (*killed_all)(struct container *c);
	char *sandbox;
	char *cgroup; /* NULL: it had none */
	pid_t pid;
	uint64_t pid_start;
	int proc;
	unsigned killed, left;
	bool session; /* its number is still that of the container */
};

/* MESOS_SANDBOX is in the environment that the agent made: a variable from NUL to NUL. */
static bool has_sandbox(const struct remains *r, pid_t pid)
{
	autofree char *path = xasprintf("/proc/%d/environ", pid);
	autobuf struct buf text = { 0 }, wanted = { 0 };
	struct error e;

	buf_addc(&text, '\0'); /* in front of the first */
	buf_addc(&wanted, '\0');
	buf_addf(&wanted, "MESOS_SANDBOX=%s", r->sandbox);
	buf_addc(&wanted, '\0');
	return !fs_read(path, ENVIRON_MAX_BYTES, &text, &e) &&
	       memmem(text.data, text.len, wanted.data, wanted.len);
}

/*
 * The session keeps its number while one process of it lives: nobody else gets that, as a pid or
 * as a session. Should somebody else have the pid, then none of the session is left.
 */
static bool owns_session(const struct remains *r)
{
	struct procstat stat;

	if (r->pid <= 0)
		return false;
	return procstat_read(r->proc, r->pid, &stat) || stat.start == r->pid_start;
}

static bool belongs(const struct remains *r, const struct process *p)
{
	struct procstat stat;

	if (p->zombie || p->pid == getpid() || procstat_read(r->proc, p->pid, &stat))
		return false;
	if (r->session && p->start >= r->pid_start && (p->pid == r->pid || stat.session == r->pid))
		return true;
	return has_sandbox(r, p->pid);
}

static unsigned kill_round(struct remains *r)
{
	struct tree all;
	unsigned found = 0;

	r->session = owns_session(r);
	tree_init(&all, r->proc, getpid());
	tree_find_all(&all);
	for (size_t i = 0; i < all.count; i++) {
		if (!belongs(r, &all.list[i]))
			continue;
		found++;
		r->killed += !tree_deliver(r->proc, &all.list[i], SIGKILL);
	}
	tree_fini(&all);
	return found;
}

static void run(struct work *job)
{
	struct remains *r = container_of(job, struct remains, job);
	struct timespec pause = { .tv_nsec = PAUSE_NS };
	struct error e;

	if (r->cgroup && cgroup_kill(r->cgroup, ROUNDS_MAX * PAUSE_NS, &e))
		log_warning("container %s: %s", r->container->id, e.text);
	for (unsigned i = 0; i < ROUNDS_MAX && (r->left = kill_round(r)); i++)
		nanosleep(&pause, NULL);
}

static void finish(struct work *job)
{
	struct remains *r = container_of(job, struct remains, job);

	close_fd(&r->proc);
	container_release(r->container);
	free(r->sandbox);
	free(r->cgroup);
	free(r);
}

static void done(struct work *job)
{
	struct remains *r = container_of(job, struct remains, job);
	const char *id = r->container->id;

	if (r->left)
		log_error("container %s: %u of its processes cannot be killed", id, r->left);
	else if (r->killed)
		log_info("container %s: %u signals have killed what it left", id, r->killed);
	r->killed_all(r->container);
	finish(job);
}

void remains_kill(struct container *c, void (*killed_all)(struct container *c))
{
	struct remains *r = xcalloc(1, sizeof(*r));

	container_hold(c);
	r->container = c;
	r->killed_all = killed_all;
	r->sandbox = xstrdup(c->sandbox);
	r->cgroup = cgroups_path(c->node, c->id);
	r->pid = c->pid_start ? c->pid : 0;
	r->pid_start = c->pid_start;
	r->proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r->job = (struct work){ .run = run, .done = done, .cancel = finish };
	work_submit(c->node->ends, &r->job);
}
