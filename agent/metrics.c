/* The gauges are read from the agent's state at each request; counters are already there. */
#include "agent/metrics.h"

#include "agent/agent.h"
#include "agent/master.h"
#include "agent/quotas.h"
#include "lib/labels.h"

#include "lib/metrics-tables.h"
#include "agent/metrics.def"
#include "lib/metrics-end.h"

#define CHOSEN_LABELS_MAX 16
#define LABEL_VALUE_MAX   128 /* bytes */

static void count_tasks(struct agent_metrics *m, const struct executor *x)
{
	struct task *t;

	list_for_each(t, &x->tasks, node) {
		m->tasks_staging += t->state == TASK_STAGING;
		m->tasks_starting += t->state == TASK_STARTING;
		m->tasks_running += t->state == TASK_RUNNING;
	}
}

static void count_executors(struct agent *a)
{
	struct agent_metrics *m = &a->metrics;
	struct framework *f, *next;
	struct executor *x;

	m->tasks_staging = m->tasks_starting = m->tasks_running = 0;
	m->executors_registering = m->executors_running = m->executors_terminating = 0;
	m->frameworks_active = HASH_COUNT(a->frameworks);
	HASH_ITER(hh, a->frameworks, f, next)
		list_for_each(x, &f->executors, node) {
			m->executors_registering += x->state == EXECUTOR_REGISTERING;
			m->executors_running += x->state == EXECUTOR_RUNNING;
			m->executors_terminating += x->state == EXECUTOR_TERMINATING;
			count_tasks(m, x);
		}
}

static double ratio(double used, double total)
{
	return total > 0 ? used / total : 0;
}

static void add_up_resources(struct agent *a)
{
	autoresources struct resources used = { 0 };
	struct agent_metrics *m = &a->metrics;

	agent_used(a, &used);
	m->cpus_total = resources_scalar_value(&a->total, "cpus");
	m->cpus_used = resources_scalar_value(&used, "cpus");
	m->cpus_percent = ratio(m->cpus_used, m->cpus_total);
	m->mem_total = resources_scalar_value(&a->total, "mem");
	m->mem_used = resources_scalar_value(&used, "mem");
	m->mem_percent = ratio(m->mem_used, m->mem_total);
	m->disk_total = resources_scalar_value(&a->total, "disk");
	m->disk_used = resources_scalar_value(&used, "disk");
	m->disk_percent = ratio(m->disk_used, m->disk_total);
}

static void read_store(struct agent *a)
{
	struct store_counts c = store_counts(a->store);
	struct agent_metrics *m = &a->metrics;

	m->store_full = store_full(a->store);
	m->store_queued = (double)c.queued;
	m->store_bytes = (double)c.bytes;
	m->store_ms = c.last_ms;
	m->store_batches = (double)c.batches;
	m->store_rows = (double)c.rows;
}

static void read_gauges(struct agent *a)
{
	struct listener_counts port = listener_counts(a->port);
	struct agent_metrics *m = &a->metrics;
	struct container *c;
	int64_t now = now_ns();

	m->uptime = ns_seconds(now - a->started_ns);
	m->registered = master_registered(a->master);
	m->disk_scan_throttled = disk_checks_throttled(a->node.disk);
	m->disk_check_lag = disk_checks_lag(a->node.disk, now);
	m->connections_accepted = (double)port.accepted;
	m->connections_refused = (double)port.refused;
	m->http_requests = (double)http_requests(a->http);
	m->log_lines_dropped = (double)log_dropped();
	m->work_dir_full = a->places.disk.full;
	m->disk_measured = 0;
	list_for_each(c, &a->node.containers, node_entry)
		m->disk_measured += (double)c->disk.used.bytes;
	quotas_read_metrics(a);
	read_store(a);
	count_executors(a);
	add_up_resources(a);
}

/* ---- which labels ---- */

void agent_metrics_free_labels(struct agent *a)
{
	for (size_t i = 0; i < a->chosen_labels_count; i++) {
		free(a->chosen_labels[i].key);
		free(a->chosen_labels[i].name);
	}
	free(a->chosen_labels);
}

static int choose(struct agent *a, const char *key, struct error *e)
{
	struct chosen_label *all = a->chosen_labels, *new;
	autofree char *name = labels_metric(key);

	if (!*key)
		return error_set(e, EINVAL, "--metrics_task_labels: a key is empty");
	if (a->chosen_labels_count == CHOSEN_LABELS_MAX)
		return error_set(e, EINVAL, "--metrics_task_labels: more than %d keys",
				 CHOSEN_LABELS_MAX);
	for (size_t i = 0; i < a->chosen_labels_count; i++)
		if (!strcmp(all[i].name, name))
			return error_set(
				e, EINVAL,
				"--metrics_task_labels: '%s' and '%s' would both be called %s",
				all[i].key, key, name);
	a->chosen_labels = xreallocarray(all, a->chosen_labels_count + 1, sizeof(*all));
	new = &a->chosen_labels[a->chosen_labels_count++];
	*new = (struct chosen_label){ .key = xstrdup(key), .name = take_ptr(name) };
	return 0;
}

int agent_metrics_choose_labels(struct agent *a, struct error *e)
{
	autofree char *copy =
		a->flags.metrics_task_labels ? xstrdup(a->flags.metrics_task_labels) : NULL;
	char *rest = copy, *key;

	while ((key = strsep(&rest, ",")))
		if (choose(a, key, e))
			return -EINVAL;
	return 0;
}

/* ---- samples of containers ---- */

struct sample_labels {
	struct metric_label list[3 + CHOSEN_LABELS_MAX + 1];
	size_t count;
	char *values[CHOSEN_LABELS_MAX]; /* NULL: it has no such label */
};

static void sample_labels_fini(struct sample_labels *s)
{
	for (size_t i = 0; i < CHOSEN_LABELS_MAX; i++)
		free(s->values[i]);
}

static void add_label(struct sample_labels *s, const char *name, const char *value)
{
	s->list[s->count++] = (struct metric_label){ name, value };
}

static void add_labels(const struct container *c, struct sample_labels *s)
{
	const struct executor *x = c->owner;
	const struct agent *a = x->framework->agent;

	add_label(s, "container_id", c->id);
	add_label(s, "framework_id", x->framework->id);
	add_label(s, "executor_id", x->info->executor_id);
	for (size_t i = 0; i < a->chosen_labels_count; i++) {
		const struct chosen_label *chosen = &a->chosen_labels[i];

		s->values[i] =
			text_cut(labels_value(x->info->labels, chosen->key), LABEL_VALUE_MAX);
		if (s->values[i])
			add_label(s, chosen->name, s->values[i]);
	}
}

/* False: it has none. */
static bool disk_value(const struct ledger *l, const char *what, uint64_t *ret)
{
	const struct {
		const char *what;
		bool has;
		uint64_t value;
	} all[] = {
		{ "disk_limit_bytes", l->has_limit, l->limit_bytes },
		{ "disk_used_bytes", ledger_known(l), l->used.bytes },
		{ "disk_limit_inodes", l->limits.hard_inodes > 0, l->limits.hard_inodes },
		{ "disk_used_inodes", ledger_known(l), l->used.inodes },
	};
	size_t i;

	for (i = 0; strcmp(all[i].what, what) != 0; i++)
		assert(i + 1 < ARRAY_SIZE(all));
	*ret = all[i].value;
	return all[i].has;
}

static void sample_container(const struct container *c, const struct metric *m,
			     struct metrics_writer *w)
{
	const char *what = strrchr(m->mesos, '/') + 1;
	cleanup(sample_labels_fini) struct sample_labels labels = { .count = 0 };
	autofree char *name = xasprintf("containers/%s/%s", c->id, what);
	uint64_t value;

	if (!disk_value(&c->disk, what, &value))
		return;
	add_labels(c, &labels);
	metrics_sample(w, name, labels.list, (double)value);
}

static void write_family(const struct metric *m, struct metrics_writer *w, void *ctx)
{
	struct agent *a = ctx;
	struct container *c;

	list_for_each(c, &a->node.containers, node_entry)
		if (c->phase != CONTAINER_ENDED)
			sample_container(c, m, w);
}

void agent_metrics_write(struct agent *a, enum metrics_format format, struct buf *out)
{
	struct metrics sets[] = {
		{ agent_metrics_table(), &a->metrics, write_family, a },
		hooks_metrics(a->hooks),
		metrics_system(format),
	};

	read_gauges(a);
	metrics_write(sets, ARRAY_SIZE(sets), format, out);
}
