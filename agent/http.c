/* /state.json, /monitor/statistics.json, /metrics/snapshot, /health, /version. */
#include "agent/http.h"

#include "agent/agent.h"
#include "agent/isolator/isolator.h"
#include "agent/master.h"
#include "lib/attributes.h"
#include "lib/flags.h"
#include "lib/labels.h"
#include "lib/metrics-http.h"
#include "lib/version.h"
#include "lib/views.h"

/* Views show the empty text where Mesos does. */
static char *or_empty(const char *text)
{
	return (char *)(uintptr_t)(text ? text : "");
}

/* ---- /state.json ---- */

static void add_task(const struct task *t, struct buf *out)
{
	const struct executor *x = t->executor;
	autobuf struct buf resources = { 0 }, statuses = { 0 }, labels = { 0 };
	struct task_view v = {
		.id = t->info->task_id,
		.name = t->info->name,
		.framework_id = x->framework->id,
		.executor_id = or_empty(x->command ? NULL : x->info->executor_id),
		.slave_id = t->info->agent_id,
		.state = t->state,
		.discovery = t->info->discovery,
	};

	resources_add_view(&t->resources, &resources);
	view_add_statuses(t->statuses, t->statuses_count, &statuses);
	view_add_labels(t->info->labels, &labels);
	v.resources = buf_text(&resources);
	v.statuses = buf_text(&statuses);
	v.labels = buf_text(&labels);
	view_item(out);
	view_encode(task_view_schema(), &v, out);
}

static void add_queued_task(const struct task *t, struct buf *out)
{
	autobuf struct buf resources = { 0 };
	struct queued_task_view v = {
		.id = t->info->task_id,
		.name = t->info->name,
		.slave_id = t->info->agent_id,
		.data = or_empty(t->info->data),
		.executor_id = t->executor->info->executor_id,
		.command = t->info->command,
	};

	resources_add_view(&t->resources, &resources);
	v.resources = buf_text(&resources);
	view_item(out);
	view_encode(queued_task_view_schema(), &v, out);
}

/* Ended and not yet acknowledged tasks stand with the completed ones, as in Mesos. */
static void add_tasks(const struct executor *x, const struct labels_wanted *labels,
		      struct buf *running, struct buf *queued, struct buf *completed)
{
	struct task *t;

	list_for_each(t, &x->completed, node)
		if (labels_match(t->info->labels, labels))
			add_task(t, completed);
	list_for_each(t, &x->tasks, node)
		if (!labels_match(t->info->labels, labels))
			continue;
		else if (task_terminal(t->state))
			add_task(t, completed);
		else if (t->queued)
			add_queued_task(t, queued);
		else
			add_task(t, running);
}

static void add_disk(const struct executor *x, struct executor_view *v)
{
	const struct ledger *l = executor_disk(x);

	v->disk_limit_bytes = l->limit_bytes;
	v->has_disk_limit_bytes = l->has_limit;
	v->disk_used_bytes = l->used.bytes;
	v->has_disk_used_bytes = ledger_known(l);
}

static void add_executor(const struct executor *x, const struct labels_wanted *labels,
			 struct buf *out)
{
	autobuf struct buf tasks = { 0 }, queued = { 0 }, completed = { 0 }, text = { 0 };
	autobuf struct buf own = { 0 };
	autoresources struct resources used = { 0 };
	struct executor_view v = {
		.id = x->info->executor_id,
		.name = or_empty(x->info->name),
		.source = or_empty(x->info->source),
		.container = x->container_id,
		.directory = x->sandbox,
	};

	view_open(&tasks);
	view_open(&queued);
	view_open(&completed);
	add_tasks(x, labels, &tasks, &queued, &completed);
	view_close(&tasks);
	view_close(&queued);
	view_close(&completed);
	if (labels->count && view_empty(&tasks) && view_empty(&queued) && view_empty(&completed))
		return;
	executor_used(x, &used);
	resources_add_view(&used, &text);
	view_add_labels(x->info->labels, &own);
	v.resources = buf_text(&text);
	v.tasks = buf_text(&tasks);
	v.queued_tasks = buf_text(&queued);
	v.completed_tasks = buf_text(&completed);
	v.labels = buf_text(&own);
	add_disk(x, &v);
	view_item(out);
	view_encode(executor_view_schema(), &v, out);
}

static void add_executors(const struct list *executors, const struct labels_wanted *labels,
			  struct buf *out)
{
	struct executor *x;

	view_open(out);
	list_for_each(x, executors, node)
		add_executor(x, labels, out);
	view_close(out);
}

static void add_framework(const struct framework *f, const struct labels_wanted *labels,
			  struct buf *out)
{
	autobuf struct buf executors = { 0 }, completed = { 0 }, own = { 0 };
	struct agent_framework_view v = {
		.id = f->id,
		.name = f->info->name,
		.user = f->info->user,
		.failover_timeout = f->info->failover_timeout,
		.checkpoint = f->info->checkpoint,
		.role = f->info->role,
		.hostname = or_empty(f->info->hostname),
	};

	add_executors(&f->executors, labels, &executors);
	add_executors(&f->completed_executors, labels, &completed);
	if (labels->count && view_empty(&executors) && view_empty(&completed))
		return;
	view_add_labels(f->info->labels, &own);
	v.labels = buf_text(&own);
	v.executors = buf_text(&executors);
	v.completed_executors = buf_text(&completed);
	view_item(out);
	view_encode(agent_framework_view_schema(), &v, out);
}

static void add_frameworks(const struct agent *a, const struct labels_wanted *labels,
			   struct buf *live, struct buf *completed)
{
	struct framework *f, *next;

	view_open(live);
	HASH_ITER(hh, a->frameworks, f, next)
		add_framework(f, labels, live);
	view_close(live);
	view_open(completed);
	list_for_each(f, &a->completed_frameworks, node)
		add_framework(f, labels, completed);
	view_close(completed);
}

static void on_state(const struct http_request *q, struct http_response *r, void *ctx)
{
	struct agent *a = ctx;
	const char *labels[HTTP_PARAMS_MAX];
	struct labels_wanted wanted = { labels, http_query_all(q, "label", labels) };
	autobuf struct buf live = { 0 }, completed = { 0 }, flags = { 0 };
	autobuf struct buf resources = { 0 }, attributes = { 0 }, own = { 0 };
	autofree char *endpoint = agent_endpoint(a);
	autofree char *pid = xasprintf("slave(1)@%s", endpoint);
	struct agent_state_view v = {
		.version = (char[]){ MESOS_VERSION },
		.start_time = ns_seconds(a->started_wall_ns),
		.id = or_empty(a->id),
		.pid = pid,
		.hostname = a->info.hostname,
		.staged_tasks = a->metrics.tasks_launched,
		.started_tasks = a->metrics.tasks_started,
		.finished_tasks = a->metrics.tasks_finished,
		.killed_tasks = a->metrics.tasks_killed,
		.failed_tasks = a->metrics.tasks_failed,
		.lost_tasks = a->metrics.tasks_lost,
		.master_hostname = (char *)(uintptr_t)master_address(a->master),
		.log_dir = a->flags.log_dir,
	};

	add_frameworks(a, &wanted, &live, &completed);
	resources_add_view(&a->total, &resources);
	attributes_add_view(a->info.attributes, a->info.attributes_count, &attributes);
	flags_add_view(agent_flags_schema(), &a->flags, &flags);
	v.frameworks = buf_text(&live);
	v.completed_frameworks = buf_text(&completed);
	v.resources = buf_text(&resources);
	v.attributes = buf_text(&attributes);
	view_add_labels(a->info.labels, &own);
	v.labels = buf_text(&own);
	v.flags = buf_text(&flags);
	view_encode(agent_state_view_schema(), &v, &r->body);
}

/* ---- /monitor/statistics.json ---- */

static void add_statistics(const struct executor *x, struct buf *out)
{
	struct usage u = { .timestamp = wall_seconds(), .has_timestamp = true };

	isolators_usage(x->container, &u);
	u.modules = x->container->usage;
	view_item(out);
	buf_adds(out, "{\"executor_id\":");
	buf_add_json(out, x->info->executor_id);
	buf_adds(out, ",\"executor_name\":");
	buf_add_json(out, x->info->name ? x->info->name : "");
	buf_adds(out, ",\"framework_id\":");
	buf_add_json(out, x->framework->id);
	buf_adds(out, ",\"source\":");
	buf_add_json(out, x->info->source ? x->info->source : "");
	buf_adds(out, ",\"container_id\":");
	buf_add_json(out, x->container_id);
	buf_adds(out, ",\"statistics\":");
	schema_encode(usage_schema(), &u, out);
	buf_addc(out, '}');
}

static void on_statistics(const struct http_request *q unused, struct http_response *r, void *ctx)
{
	struct agent *a = ctx;
	struct framework *f, *next;
	struct executor *x;

	view_open(&r->body);
	HASH_ITER(hh, a->frameworks, f, next)
		list_for_each(x, &f->executors, node)
			if (x->container)
				add_statistics(x, &r->body);
	view_close(&r->body);
}

/* ---- the rest ---- */

static void on_metrics(const struct http_request *q, struct http_response *r, void *ctx)
{
	enum metrics_format format = metrics_negotiate(q);

	r->type = metrics_content_types[format];
	agent_metrics_write(ctx, format, &r->body);
}

static void on_modules(const struct http_request *q unused, struct http_response *r, void *ctx)
{
	const struct agent *a = ctx;

	hooks_add_modules(a->hooks, &r->body);
}

static void on_health(const struct http_request *q unused, struct http_response *r, void *ctx)
{
	r->type = HTTP_TEXT;
	agent_add_health(ctx, &r->body);
}

static void on_version(const struct http_request *q unused, struct http_response *r,
		       void *ctx unused)
{
	struct version_view v = { .version = (char[]){ MESOS_VERSION } };

	view_encode(version_view_schema(), &v, &r->body);
}

const struct http_route agent_routes[] = {
	{ .path = "/state.json",
	  .handler = on_state,
	  .doc = "The agent, its frameworks, executors and tasks.",
	  .params = HTTP_LABEL_PARAM },
	{ .path = "/state",
	  .handler = on_state,
	  .doc = "The same as /state.json.",
	  .params = HTTP_LABEL_PARAM },
	{ .path = "/monitor/statistics.json",
	  .handler = on_statistics,
	  .doc = "What each container was given and uses." },
	{ .path = "/metrics/snapshot",
	  .handler = on_metrics,
	  .doc = "All metrics: JSON, or Prometheus text for who accepts text/plain." },
	{ .path = "/metrics",
	  .handler = on_metrics,
	  .doc = "All metrics: Prometheus text unless JSON is asked for." },
	{ .path = "/health",
	  .handler = on_health,
	  .doc = "200 while the agent serves; what is wrong all the same, a sentence a line." },
	{ .path = "/modules",
	  .handler = on_modules,
	  .doc = "The modules that extend it: from where, by whom, with which parameters." },
	{ .path = "/version", .handler = on_version, .doc = "The release." },
	{ .path = "/stats.json",
	  .handler = metrics_stats_gone,
	  .doc = "Gone: /metrics/snapshot has its numbers." },
	{ .path = NULL },
};

const char *const agent_prefixes[] = { "/slave(1)", "/agent", NULL };
