/*
 * One pass over the agent's descendants; each process is booked on the supervisor above it.
 * Supervisors that an agent before us started are no descendants: one pass for each.
 */
#include "agent/container/sampler.h"

#include <fcntl.h>

#include "agent/isolator/modules.h"
#include "lib/procstat.h"
#include "lib/tree.h"

struct entry {
	pid_t supervisor;
	bool adopted; /* no descendant of ours: its tree is looked at by itself */
	struct process_sample sample;
};

struct sampler {
	struct container_node *node;
	sd_event_source *timer;
	int64_t interval_ns;
	struct work job;
	struct entry *entries; /* the job's, sorted by supervisor */
	size_t count;
};

/* ---- the job ---- */

/* A dead one adds nothing. */
static void add_process(int proc, pid_t pid, struct process_sample *s)
{
	struct procstat stat;

	if (procstat_read(proc, pid, &stat))
		return;
	s->user_ticks += stat.user_ticks;
	s->system_ticks += stat.system_ticks;
	s->rss_bytes += stat.resident_pages * (uint64_t)sysconf(_SC_PAGESIZE);
	s->processes++;
}

static int by_supervisor(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return (x->supervisor > y->supervisor) - (x->supervisor < y->supervisor);
}

/*
 * The supervisor counts too: it has waited for what ended, so their CPU time is in its
 * own, and the sum over the living never goes back.
 */
static void book(struct sampler *s, const struct tree *tree, const struct process *p)
{
	struct entry key = { .supervisor = p->top };
	struct entry *e = bsearch(&key, s->entries, s->count, sizeof(*s->entries), by_supervisor);

	if (e)
		add_process(tree->proc, p->pid, &e->sample);
}

static void sample_ours(struct sampler *s, int proc)
{
	struct tree tree;

	tree_init(&tree, proc, getpid());
	tree_find(&tree);
	for (size_t i = 0; i < tree.count; i++)
		book(s, &tree, &tree.list[i]);
	tree_fini(&tree);
}

static void sample_adopted(struct entry *e, int proc)
{
	struct tree tree;

	tree_init(&tree, proc, e->supervisor);
	tree_find(&tree);
	add_process(proc, e->supervisor, &e->sample);
	for (size_t i = 0; i < tree.count; i++)
		add_process(proc, tree.list[i].pid, &e->sample);
	tree_fini(&tree);
}

static void run(struct work *job)
{
	struct sampler *s = container_of(job, struct sampler, job);
	autofd int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (proc < 0)
		return;
	sample_ours(s, proc);
	for (size_t i = 0; i < s->count; i++)
		if (s->entries[i].adopted)
			sample_adopted(&s->entries[i], proc);
}

/* ---- the loop ---- */

static void collect(struct sampler *s)
{
	struct container *c;

	s->count = 0;
	list_for_each(c, &s->node->containers, node_entry) {
		if (c->phase != CONTAINER_RUNNING)
			continue;
		s->entries = xreallocarray(s->entries, s->count + 1, sizeof(*s->entries));
		s->entries[s->count++] = (struct entry){
			.supervisor = c->supervisor,
			.adopted = c->adopted,
		};
	}
	if (s->count)
		qsort(s->entries, s->count, sizeof(*s->entries), by_supervisor);
}

static void arm(struct sampler *s)
{
	sd_event_source_set_time_relative(s->timer, (uint64_t)(s->interval_ns / NSEC_PER_USEC));
	sd_event_source_set_enabled(s->timer, SD_EVENT_ONESHOT);
}

static void done(struct work *job)
{
	struct sampler *s = container_of(job, struct sampler, job);
	struct container *c;

	list_for_each(c, &s->node->containers, node_entry) {
		struct entry key = { .supervisor = c->supervisor };
		struct entry *e =
			bsearch(&key, s->entries, s->count, sizeof(*s->entries), by_supervisor);

		if (e && c->phase == CONTAINER_RUNNING && e->sample.processes)
			c->sample = e->sample;
		if (c->phase == CONTAINER_RUNNING)
			isolator_modules_ask_usage(c);
	}
	arm(s);
}

static int on_timer(sd_event_source *source unused, uint64_t usec unused, void *arg)
{
	struct sampler *s = arg;

	collect(s);
	if (!s->count) {
		arm(s);
		return 0;
	}
	s->job = (struct work){ .run = run, .done = done };
	work_submit(s->node->pool, &s->job);
	return 0;
}

int sampler_new(struct container_node *node, int64_t interval_ns, struct sampler **ret,
		struct error *e)
{
	struct sampler *s = xcalloc(1, sizeof(*s));
	int r;

	s->node = node;
	s->interval_ns = interval_ns;
	r = sd_event_add_time_relative(node->loop, &s->timer, CLOCK_MONOTONIC,
				       (uint64_t)(interval_ns / NSEC_PER_USEC), 0, on_timer, s);
	if (r < 0) {
		free(s);
		return error_set(e, -r, "sampler: cannot set its timer: %s", strerror(-r));
	}
	*ret = s;
	return 0;
}

void sampler_free(struct sampler *s)
{
	if (!s)
		return;
	sd_event_source_disable_unref(s->timer);
	free(s->entries);
	free(s);
}
