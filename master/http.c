/* Routes, and what their parameters mean. */
#include "master/http.h"

#include "lib/metrics-http.h"
#include "lib/version.h"
#include "lib/views.h"
#include "master/metrics.h"
#include "master/state.h"

#define TASKS_LIMIT 100

static void on_state(const struct http_request *q unused, struct http_response *r, void *ctx)
{
	state_add(ctx, &r->body);
}

static void on_slaves(const struct http_request *q unused, struct http_response *r, void *ctx)
{
	state_add_slaves(ctx, &r->body);
}

static void on_roles(const struct http_request *q unused, struct http_response *r, void *ctx)
{
	state_add_roles(ctx, &r->body);
}

static void on_tasks(const struct http_request *q, struct http_response *r, void *ctx)
{
	const char *order = http_query(q, "order");
	struct task_window w = { .ascending = order && !strcmp(order, "asc") };
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

static void on_health(const struct http_request *q unused, struct http_response *r,
		      void *ctx unused)
{
	r->type = HTTP_TEXT;
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

const struct http_route master_routes[] = {
	{ "/health", on_health, "200 while the master runs.", NULL },
	{ "/metrics", on_metrics, "All metrics for Prometheus.", NULL },
	{ "/metrics/snapshot", on_metrics,
	  "All metrics: flat JSON, or what Prometheus asks for in Accept.", NULL },
	{ "/roles.json", on_roles, "Roles, their weights and what their frameworks have.", NULL },
	{ "/slaves", on_slaves, "The registered agents.", NULL },
	{ "/state", on_state, "All that the master knows: the same as /state.json.", NULL },
	{ "/state.json", on_state, "All that the master knows.", NULL },
	{ "/tasks.json", on_tasks, "Tasks of registered and completed frameworks.",
	  "limit=N   at most N tasks (default 100)\n"
	  "offset=N  leave out the first N\n"
	  "order=asc|desc  oldest or newest first (default desc)" },
	{ "/version", on_version, "Which release this is.", NULL },
	{ .path = NULL },
};

const char *const master_prefixes[] = { "/master", NULL };
