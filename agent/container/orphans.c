/*
 * Rounds of a job that signals and looks again. Between two of them the loop picks who is an
 * orphan, because it alone knows every supervisor at that moment.
 */
#include "agent/container/orphans.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "lib/log.h"
#include "lib/timer.h"
#include "lib/tree.h"

#define STOP_ROUNDS_MAX 64 /* of a tree that grows while it is being stopped */
#define PAUSE_MIN_NS    (20 * NSEC_PER_MSEC)
#define PAUSE_MAX_NS    (60 * NSEC_PER_SEC)

struct orphans {
	struct container_node *node;
	struct work job;
	sd_event_source *timer; /* between two attempts */
	int proc;               /* /proc */
	struct tree tree;       /* what the job found last */
	struct process *list;   /* the orphans among them, sorted by pid */
	size_t count;
	int sig;    /* that the job sends to the list; 0: none, it only looks */
	int rounds; /* of SIGSTOP in this attempt */
	bool running;
	bool again; /* orphans_kill() was called while it ran: what it sees may be too old */
	bool active, given_up;
	int64_t pause_ns;
	int64_t patient_until_ns;
};

int orphans_new(struct container_node *node, struct orphans **ret, struct error *e)
{
	autofd int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct orphans *o;

	if (proc < 0)
		return error_sys(e, "open /proc");
	if (prctl(PR_SET_CHILD_SUBREAPER, 1))
		return error_sys(e, "become the parent of orphans");
	o = xcalloc(1, sizeof(*o));
	o->node = node;
	o->proc = take_fd(proc);
	tree_init(&o->tree, o->proc, getpid());
	*ret = o;
	return 0;
}

void orphans_free(struct orphans *o)
{
	if (!o)
		return;
	sd_event_source_disable_unref(o->timer);
	tree_fini(&o->tree);
	close_fd(&o->proc);
	free(o->list);
	free(o);
}

/* ---- the job ---- */

static void run(struct work *job)
{
	struct orphans *o = container_of(job, struct orphans, job);

	for (size_t i = 0; o->sig && i < o->count; i++) {
		tree_deliver(o->proc, &o->list[i], o->sig);
		if (o->list[i].parent == o->tree.root)
			waitpid(o->list[i].pid, NULL, WNOHANG);
	}
	tree_find(&o->tree);
}

/* ---- who is one ---- */

struct supervisors {
	pid_t *list; /* sorted; the keeper is among them */
	size_t count;
};

static int by_value(const void *a, const void *b)
{
	const pid_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static struct supervisors list_supervisors(const struct container_node *node)
{
	struct supervisors s = { .list = xcalloc(node->supervisors + 1, sizeof(*s.list)) };
	struct container *c;

	if (node->keeper)
		s.list[s.count++] = node->keeper;
	list_for_each(c, &node->containers, node_entry) {
		if (!c->supervisor || c->child_gone)
			continue;
		assert(s.count < node->supervisors + 1);
		s.list[s.count++] = c->supervisor;
	}
	if (s.count)
		qsort(s.list, s.count, sizeof(*s.list), by_value);
	return s;
}

/* Whether the list has somebody that it had not before; both are sorted. */
static bool has_new(const struct orphans *o, const struct process *old, size_t old_count)
{
	size_t at = 0;

	for (size_t i = 0; i < o->count; i++) {
		while (at < old_count && old[at].pid < o->list[i].pid)
			at++;
		if (at == old_count || old[at].pid != o->list[i].pid ||
		    old[at].start != o->list[i].start)
			return true;
	}
	return false;
}

/* True if there are new ones. */
static bool pick(struct orphans *o)
{
	struct supervisors s = list_supervisors(o->node);
	autofree struct process *old = take_ptr(o->list);
	autofree pid_t *spared = s.list;
	size_t old_count = o->count;

	o->count = 0;
	o->list = xcalloc(o->tree.count, sizeof(*o->list));
	for (size_t i = 0; i < o->tree.count; i++) {
		const struct process *p = &o->tree.list[i];

		if (!s.count || !bsearch(&p->top, spared, s.count, sizeof(*spared), by_value))
			o->list[o->count++] = *p;
	}
	return has_new(o, old, old_count);
}

/* ---- rounds ---- */

static void done(struct work *job);

static void submit(struct orphans *o, int sig)
{
	o->sig = sig;
	o->running = true;
	o->job = (struct work){ .run = run, .done = done };
	work_submit(o->node->ends, &o->job);
}

static void attempt(struct orphans *o)
{
	o->count = 0;
	o->rounds = 0;
	submit(o, 0);
}

static int on_timer(sd_event_source *source unused, uint64_t usec unused, void *arg)
{
	attempt(arg);
	return 0;
}

static void finish(struct orphans *o)
{
	o->active = false;
	o->node->ops->idle(o->node);
}

static void try_later(struct orphans *o)
{
	timer_set(o->node->loop, &o->timer, o->pause_ns, on_timer, o);
	o->pause_ns = MIN(o->pause_ns * 2, PAUSE_MAX_NS);
	if (o->given_up || now_ns() < o->patient_until_ns)
		return;
	o->given_up = true;
	log_warning("orphans: cannot be killed yet: processes=%zu pid=%d", o->count,
		    (int)o->list[0].pid);
	o->node->ops->idle(o->node);
}

/* Stopped first, so that a fork bomb finds nobody to refill it. */
static void done(struct work *job)
{
	struct orphans *o = container_of(job, struct orphans, job);
	bool grown = pick(o);

	o->running = false;
	if (o->again) {
		o->again = false;
		attempt(o);
	} else if (!o->count) {
		finish(o);
	} else if (o->sig == SIGKILL) {
		try_later(o);
	} else if (grown && o->rounds++ < STOP_ROUNDS_MAX) {
		submit(o, SIGSTOP);
	} else {
		submit(o, SIGKILL);
	}
}

void orphans_kill(struct orphans *o)
{
	o->active = true;
	o->given_up = false;
	o->pause_ns = PAUSE_MIN_NS;
	o->patient_until_ns = now_ns() + ORPHANS_PATIENCE_NS;
	o->timer = sd_event_source_disable_unref(o->timer);
	if (o->running)
		o->again = true;
	else
		attempt(o);
}

bool orphans_awaited(const struct orphans *o)
{
	return o && o->active && !o->given_up;
}
