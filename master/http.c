/* Routes, and what their parameters mean. */
#include "master/http.h"

#include "lib/metrics-http.h"
#include "lib/version.h"
#include "lib/views.h"
#include "master/agents.h"
#include "master/metrics.h"
#include "master/recovery.h"
#include "master/registry.h"
#include "master/removals.h"
#include "master/state.h"

#define TASKS_LIMIT 100

static void on_state(const struct http_request *q, struct http_response *r, void *ctx)
{
	const char *labels[HTTP_PARAMS_MAX];
	struct labels_wanted wanted = { labels, http_query_all(q, "label", labels) };

	state_add(ctx, &wanted, &r->body);
}

static void on_slaves(const struct http_request *q, struct http_response *r, void *ctx)
{
	const char *labels[HTTP_PARAMS_MAX];
	struct labels_wanted wanted = { labels, http_query_all(q, "label", labels) };

	state_add_slaves(ctx, &wanted, &r->body);
}

static void on_roles(const struct http_request *q unused, struct http_response *r, void *ctx)
{
	state_add_roles(ctx, &r->body);
}

static void on_tasks(const struct http_request *q, struct http_response *r, void *ctx)
{
	const char *order = http_query(q, "order");
	const char *labels[HTTP_PARAMS_MAX];
	struct task_window w = {
		.ascending = order && !strcmp(order, "asc"),
		.labels = { labels, http_query_all(q, "label", labels) },
	};
	struct error e;

	if (order && strcmp(order, "asc") && strcmp(order, "desc")) {
		http_fail(r, 400, "order: must be asc or desc, not '%s'", order);
		return;
	}
	if (http_query_u64(q, "limit", TASKS_LIMIT, INT64_MAX, &w.limit, &e) ||
	    http_query_u64(q, "offset", 0, INT64_MAX, &w.offset, &e)) {
		http_fail(r, 400, "%s", e.text);
		return;
	}
	state_add_tasks(ctx, &w, &r->body);
}

/* Each of those that have something to say says one sentence. */
static void add_problem(const struct master *m, struct buf *out,
			void (*add)(const struct master *m, struct buf *out))
{
	size_t before = out->len;

	add(m, out);
	if (out->len > before)
		buf_addc(out, '\n');
}

static void add_health(const struct master *m, struct buf *out)
{
	const char *missing = hooks_missing(m->hooks);

	add_problem(m, out, registry_health_add);
	add_problem(m, out, removals_health_add);
	add_problem(m, out, recovery_health_add);
	add_problem(m, out, agents_health_add);
	add_problem(m, out, rivals_health_add);
	hooks_add_health(m->hooks, out);
	if (missing)
		buf_addf(out, "Nothing is offered: %s.\n", missing);
}

static void on_modules(const struct http_request *q unused, struct http_response *r, void *ctx)
{
	const struct master *m = ctx;

	hooks_add_modules(m->hooks, &r->body);
}

/* A master that has something to tell its operator is well: who looks for life wants 200. */
static void on_health(const struct http_request *q unused, struct http_response *r, void *ctx)
{
	r->type = HTTP_TEXT;
	add_health(ctx, &r->body);
}

static void on_removals(const struct http_request *q unused, struct http_response *r, void *ctx)
{
	removals_add(ctx, &r->body);
}

static void on_removals_action(const struct http_request *q, struct http_response *r, void *ctx)
{
	const struct schema *schema = removals_action_schema();
	struct removals_action action = { 0 };
	struct error e;
	size_t len;
	const char *text = http_body(q, &len);

	if (schema_decode_text(schema, text, len, &action, &e))
		http_fail(r, 400, "%s", e.text);
	else if (removals_act(ctx, &action, &e))
		http_fail(r, e.code == ENOENT ? 404 : 400, "%s", e.text);
	else
		removals_add(ctx, &r->body);
	schema_clear(schema, &action);
}

static void on_version(const struct http_request *q unused, struct http_response *r,
		       void *ctx unused)
{
	struct version_view v = { .version = MESOS_VERSION };

	view_encode(version_view_schema(), &v, &r->body);
}

/* Serves both routes: which of them was asked decides what the default is. */
static void on_metrics(const struct http_request *q, struct http_response *r, void *ctx)
{
	enum metrics_format format = metrics_negotiate(q);

	r->type = metrics_content_types[format];
	master_metrics_write(ctx, format, &r->body);
}

static void on_registry(const struct http_request *q unused, struct http_response *r, void *ctx)
{
	registry_add_document(ctx, &r->body);
}

const struct http_route master_routes[] = {
	{ .path = "/health",
	  .handler = on_health,
	  .doc = "200 while the master runs, and a sentence for each problem that needs an "
		 "operator." },
	{ .path = "/metrics", .handler = on_metrics, .doc = "All metrics for Prometheus." },
	{ .path = "/metrics/snapshot",
	  .handler = on_metrics,
	  .doc = "All metrics: flat JSON, or what Prometheus asks for in Accept." },
	{ .path = "/registrar(1)/registry",
	  .handler = on_registry,
	  .doc = "The registry: the same as /registry." },
	{ .path = "/registry",
	  .handler = on_registry,
	  .doc = "The agents that the master remembers over its own end." },
	{ .path = "/removals",
	  .handler = on_removals,
	  .doc = "The agents that are to be removed, and when the next one goes.",
	  .post = on_removals_action,
	  .takes = "{\"action\":\"pause\"}   nobody is removed until resume\n"
		   "{\"action\":\"resume\"}  one after the other again\n"
		   "{\"action\":\"cancel\",\"agent_id\":\"ID\"}  this agent stays" },
	{ .path = "/roles.json",
	  .handler = on_roles,
	  .doc = "Roles, their weights and what their frameworks have." },
	{ .path = "/slaves",
	  .handler = on_slaves,
	  .doc = "The registered agents.",
	  .params =
		  "label=KEY:VALUE  only agents with this label, or with any of that KEY; several: "
		  "with all of them" },
	{ .path = "/state",
	  .handler = on_state,
	  .doc = "All that the master knows: the same as /state.json.",
	  .params = HTTP_LABEL_PARAM },
	{ .path = "/state.json",
	  .handler = on_state,
	  .doc = "All that the master knows.",
	  .params = HTTP_LABEL_PARAM },
	{ .path = "/stats.json",
	  .handler = metrics_stats_gone,
	  .doc = "Gone: /metrics/snapshot has its numbers." },
	{ .path = "/tasks.json",
	  .handler = on_tasks,
	  .doc = "Tasks of registered and completed frameworks.",
	  .params = "limit=N   at most N tasks (default 100)\n"
		    "offset=N  leave out the first N\n"
		    "order=asc|desc  oldest or newest first (default desc)\n" HTTP_LABEL_PARAM },
	{ .path = "/modules",
	  .handler = on_modules,
	  .doc = "The modules that extend it: from where, by whom, with which parameters." },
	{ .path = "/version", .handler = on_version, .doc = "Which release this is." },
	{ .path = NULL },
};

const char *const master_prefixes[] = { "/master", NULL };
