/* The gauges, the families, and all of it as one document. */
#include "master/metrics.h"

#include <ctype.h>

#include "lib/log.h"
#include "master/agents.h"
#include "master/recovery.h"
#include "master/registry.h"

#include "lib/metrics-tables.h"
#include "master/metrics.def"
#include "lib/metrics-end.h"

void metrics_count_ended(struct ended_counts *c, const struct task_status *s)
{
	if (s->has_source && s->has_reason)
		c->n[s->state][s->source][s->reason]++;
}

static void read_agents(struct master *m, struct master_metrics *v)
{
	struct agent *a, *tmp;

	HASH_ITER(hh, m->agents, a, tmp) {
		v->slaves_connected += a->peer != NULL;
		v->slaves_disconnected += !a->peer;
		v->slaves_active += agent_offered(a);
		v->slaves_inactive += !agent_offered(a);
		v->cpus_total += resources_scalar_value(&a->total, "cpus");
		v->mem_total += resources_scalar_value(&a->total, "mem");
		v->disk_total += resources_scalar_value(&a->total, "disk");
		v->cpus_used += resources_scalar_value(&a->used, "cpus");
		v->mem_used += resources_scalar_value(&a->used, "mem");
		v->disk_used += resources_scalar_value(&a->used, "disk");
	}
	v->cpus_percent = v->cpus_total > 0 ? v->cpus_used / v->cpus_total : 0;
	v->mem_percent = v->mem_total > 0 ? v->mem_used / v->mem_total : 0;
	v->disk_percent = v->disk_total > 0 ? v->disk_used / v->disk_total : 0;
}

static void read_tasks(const struct framework *f, struct master_metrics *v)
{
	struct task *t, *tmp;

	HASH_ITER(hh, f->tasks, t, tmp) {
		v->tasks_staging += t->report.state == TASK_STAGING;
		v->tasks_starting += t->report.state == TASK_STARTING;
		v->tasks_running += t->report.state == TASK_RUNNING;
	}
}

static void read_frameworks(struct master *m, struct master_metrics *v)
{
	struct framework *f, *tmp;

	HASH_ITER(hh, m->frameworks, f, tmp) {
		read_tasks(f, v);
		if (!f->registered)
			continue;
		v->frameworks_connected += f->peer != NULL;
		v->frameworks_disconnected += !f->peer;
		v->frameworks_active += f->peer && !f->suppressed;
		v->frameworks_inactive += !f->peer || f->suppressed;
	}
}

static void read_connections(struct master *m, struct master_metrics *v)
{
	struct listener_counts c = listener_counts(m->listener);

	v->connections_open = c.open;
	v->connections_accepted = (double)c.accepted;
	v->connections_refused = (double)c.refused;
	v->http_requests = (double)http_requests(m->http);
	v->streams = streams_count(m->streams);
}

static void read_registry(const struct master *m, struct master_metrics *v)
{
	struct store_counts c = registry_counts(m);

	v->slaves_recovered = HASH_COUNT(m->recovered);
	v->registrar_queued = (double)c.queued;
	v->registrar_bytes = (double)c.bytes;
	v->registrar_store = c.last_ms;
	v->registrar_batches = (double)c.batches;
}

static const char *lower(const char *s, char ret[64])
{
	size_t i;

	for (i = 0; s[i] && i < 63; i++)
		ret[i] = (char)tolower((unsigned char)s[i]);
	ret[i] = '\0';
	return ret;
}

static void write_ended(const struct master *m, struct metrics_writer *w, int state, int source,
			int reason)
{
	char names[3][64];
	struct metric_label labels[] = {
		{ "state", lower(enum_name(task_state_values, state), names[0]) },
		{ "source", lower(enum_name(task_source_values, source), names[1]) },
		{ "reason", lower(enum_name(task_reason_values, reason), names[2]) },
		{ .name = NULL },
	};
	autofree char *name = xasprintf("master/%s/%s/%s", names[0], names[1], names[2]);

	metrics_sample(w, name, labels, (double)m->ended.n[state][source][reason]);
}

static void write_all_ended(const struct master *m, struct metrics_writer *w)
{
	for (int state = 0; state < TASK_STATES; state++)
		for (int source = 0; source < TASK_SOURCES; source++)
			for (int reason = 0; reason < TASK_REASONS; reason++)
				if (m->ended.n[state][source][reason])
					write_ended(m, w, state, source, reason);
}

static void write_principals(struct master *m, struct metrics_writer *w, bool processed)
{
	struct principal *p, *tmp;

	HASH_ITER(hh, m->principals, p, tmp) {
		struct metric_label labels[] = { { "principal", p->name }, { .name = NULL } };
		autofree char *name = xasprintf("frameworks/%s/messages_%s", p->name,
						processed ? "processed" : "received");

		metrics_sample(w, name, labels, (double)(processed ? p->processed : p->received));
	}
}

static void write_family(const struct metric *metric, struct metrics_writer *w, void *ctx)
{
	if (strstr(metric->prometheus, "_ended_"))
		write_all_ended(ctx, w);
	else
		write_principals(ctx, w, strstr(metric->prometheus, "_processed_"));
}

void master_metrics_write(struct master *m, enum metrics_format format, struct buf *out)
{
	struct master_metrics values = m->metrics; /* the counters; gauges start at 0 */
	struct metrics sets[] = {
		{
			.table = master_metrics_table(),
			.values = &values,
			.family = write_family,
			.ctx = m,
		},
		hooks_metrics(m->hooks),
		metrics_system(format),
	};

	values.uptime = ns_seconds(now_ns() - m->start_ns);
	values.elected = 1;
	values.log_lines_dropped = (double)log_dropped();
	values.outstanding_offers = HASH_COUNT(m->offers);
	values.removals_queued = (double)m->removals.limit.queued;
	values.removals_paused = m->removals.paused;
	values.removals_held = m->removals.held != NULL;
	read_agents(m, &values);
	read_frameworks(m, &values);
	read_connections(m, &values);
	read_registry(m, &values);
	metrics_write(sets, ARRAY_SIZE(sets), format, out);
}
