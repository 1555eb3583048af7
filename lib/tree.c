/* Find every descendant through /proc; signal each through a pidfd that was checked. */
#include "lib/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/pidfd.h>

#include "lib/procstat.h"

/* Passes over a tree that grows while it is being stopped, before killing what was found. */
#define STOP_PASSES_MAX  64
#define PATH_IN_PROC_MAX 64

void tree_init(struct tree *t, int proc, pid_t root)
{
	assert(root > 0);
	*t = (struct tree){ .proc = proc, .root = root };
}

void tree_fini(struct tree *t)
{
	free(t->list);
	*t = (struct tree){ .proc = -EBADF };
}

/* ---- what /proc says ---- */

/* Reads a pid's digits and moves past them and one byte more; 0 if there are none. */
static pid_t next_pid(const char **at)
{
	uint64_t pid = 0;

	for (; **at >= '0' && **at <= '9'; ++*at)
		pid = MIN(pid * 10 + (uint64_t)(**at - '0'), INT_MAX);
	if (**at)
		++*at;
	return (pid_t)pid;
}

static int look_at(int proc, struct process *p)
{
	struct procstat stat;
	int r = procstat_read(proc, p->pid, &stat);

	if (r)
		return r;
	p->parent = stat.parent;
	p->start = stat.start;
	p->zombie = stat.state == 'Z';
	return 0;
}

static void add(struct tree *t, const struct process *p)
{
	if (t->count == t->cap) {
		t->cap = MAX(t->cap * 2, 64);
		t->list = xreallocarray(t->list, t->cap, sizeof(*t->list));
	}
	t->list[t->count++] = *p;
}

static int by_pid(const void *a, const void *b)
{
	const struct process *p = a, *q = b;

	return (p->pid > q->pid) - (p->pid < q->pid);
}

static struct process *find_pid(const struct process *list, size_t count, pid_t pid)
{
	struct process key = { .pid = pid };

	return count ? bsearch(&key, list, count, sizeof(key), by_pid) : NULL;
}

/* ---- downwards, by the lists of children ---- */

static int children_open(int proc, pid_t pid, const char *tid)
{
	char path[PATH_IN_PROC_MAX];

	snprintf(path, sizeof(path), "%d/task/%.16s/children", pid, tid);
	return openat(proc, path, O_RDONLY | O_CLOEXEC);
}

/* p is a child of `parent`, or became one of the root when that ended. */
static void add_child(struct tree *t, struct process p, const struct process *parent)
{
	if (look_at(t->proc, &p) || (p.parent != parent->pid && p.parent != t->root))
		return;
	p.top = p.parent == t->root ? p.pid : parent->top;
	add(t, &p);
}

/* Adds the children of one thread. Pieces may end within a pid: they are joined again. */
static void add_children_of(struct tree *t, const struct process *parent, const char *tid)
{
	autofd int fd = children_open(t->proc, parent->pid, tid);
	char text[4096];
	size_t kept = 0;
	ssize_t n;

	while (fd >= 0 && (n = read(fd, text + kept, sizeof(text) - 1 - kept)) > 0) {
		const char *at = text, *end;

		text[kept + (size_t)n] = '\0';
		while ((end = strchr(at, ' '))) {
			pid_t pid = next_pid(&at);

			if (pid)
				add_child(t, (struct process){ .pid = pid }, parent);
			at = end + 1;
		}
		kept = strlen(at);
		if (kept > PATH_IN_PROC_MAX)
			return;
		memmove(text, at, kept);
	}
}

static void add_children(struct tree *t, const struct process *parent)
{
	char path[PATH_IN_PROC_MAX];
	struct dirent *d;
	DIR *dir;
	int fd;

	snprintf(path, sizeof(path), "%d/task", parent->pid);
	fd = openat(t->proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		close_fd(&fd);
		return;
	}
	while ((d = readdir(dir)))
		if (d->d_name[0] != '.')
			add_children_of(t, parent, d->d_name);
	closedir(dir);
}

/* The list is its own queue. Children of a pid that changed hands meanwhile are no descendants. */
static void find_downwards(struct tree *t)
{
	add_children(t, &(struct process){ .pid = t->root });
	for (size_t i = 0; i < t->count; i++) {
		struct process parent = t->list[i], now = parent;
		size_t before = t->count;

		add_children(t, &parent);
		if (t->count > before && (look_at(t->proc, &now) || now.start != parent.start))
			t->count = before;
	}
}

/* ---- upwards, by everybody's parent ---- */

static void list_all(struct tree *t)
{
	int fd = openat(t->proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;

	if (!dir) {
		close_fd(&fd);
		return;
	}
	while ((d = readdir(dir))) {
		const char *at = d->d_name;
		struct process p = { .pid = next_pid(&at) };

		if (p.pid && !look_at(t->proc, &p))
			add(t, &p);
	}
	closedir(dir);
}

void tree_find_all(struct tree *t)
{
	t->count = 0;
	list_all(t);
}

/*
 * Parents mostly have the smaller pid: two rounds, unless pids wrapped around. A parent
 * that is younger than its child is another process, on the pid of one that was reaped.
 */
static void mark_descendants(struct tree *t)
{
	bool changed;

	do {
		changed = false;
		for (size_t i = 0; i < t->count; i++) {
			struct process *p = &t->list[i], *parent;

			if (p->top)
				continue;
			parent = find_pid(t->list, t->count, p->parent);
			if (p->parent == t->root)
				p->top = p->pid;
			else if (parent && parent->start <= p->start)
				p->top = parent->top;
			changed |= p->top != 0;
		}
	} while (changed);
}

static void find_upwards(struct tree *t)
{
	size_t kept = 0;

	list_all(t);
	if (t->count)
		qsort(t->list, t->count, sizeof(*t->list), by_pid);
	mark_descendants(t);
	for (size_t i = 0; i < t->count; i++)
		if (t->list[i].top)
			t->list[kept++] = t->list[i];
	t->count = kept;
}

void tree_find(struct tree *t)
{
	char tid[16];
	autofd int fd = -EBADF;

	t->count = 0;
	snprintf(tid, sizeof(tid), "%d", t->root);
	fd = children_open(t->proc, t->root, tid);
	if (fd >= 0)
		find_downwards(t);
	else
		find_upwards(t);
	if (t->count)
		qsort(t->list, t->count, sizeof(*t->list), by_pid);
}

/* ---- signals ---- */

/*
 * A descendant may be reaped by its own parent, and its pid given to a stranger, between
 * tree_find() and now. The pidfd holds on to whoever has the pid; what /proc then says
 * of the pid decides whether that is still the process that was found.
 */
int tree_deliver(int proc, const struct process *p, int sig)
{
	autofd int fd = pidfd_open(p->pid, 0);
	struct process now = { .pid = p->pid };

	if (fd < 0 || look_at(proc, &now) || now.start != p->start)
		return -ESRCH;
	return pidfd_send_signal(fd, sig, NULL, 0) ? -errno : 0;
}

static void deliver_all(struct tree *t, int sig)
{
	assert(t->root == getpid());
	t->denied = 0;
	for (size_t i = 0; i < t->count; i++)
		t->denied += tree_deliver(t->proc, &t->list[i], sig) == -EPERM;
}

void tree_signal(struct tree *t, int sig)
{
	tree_find(t);
	deliver_all(t, sig);
}

/* Whether the list holds a process that the sorted `old` does not. */
static bool has_new(const struct tree *t, const struct process *old, size_t old_count)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct process *was = find_pid(old, old_count, t->list[i].pid);

		if (!was || was->start != t->list[i].start)
			return true;
	}
	return false;
}

static void stop_all(struct tree *t)
{
	for (int pass = 0; pass < STOP_PASSES_MAX; pass++) {
		autofree struct process *old = take_ptr(t->list);
		size_t old_count = t->count;

		t->cap = 0;
		tree_find(t);
		if (pass && !has_new(t, old, old_count))
			return;
		deliver_all(t, SIGSTOP);
	}
}

void tree_kill(struct tree *t, pid_t leader)
{
	assert(leader >= 0);
	/* To a whole group at once: no fork(2) slips through, kill(2). */
	if (leader)
		kill(-leader, SIGSTOP);
	stop_all(t);
	deliver_all(t, SIGKILL);
}
