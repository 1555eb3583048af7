/* Content negotiation of the two metrics routes. */
#include "lib/metrics-http.h"

struct preference {
	const char *const *types;           /* the first is the default */
	const enum metrics_format *formats; /* of the types */
};

static const struct preference json_first = {
	(const char *const[]){ "application/json", "text/plain", "application/openmetrics-text",
			       NULL },
	(const enum metrics_format[]){ METRICS_JSON, METRICS_PROMETHEUS, METRICS_OPENMETRICS },
};
static const struct preference text_first = {
	(const char *const[]){ "text/plain", "application/openmetrics-text", "application/json",
			       NULL },
	(const enum metrics_format[]){ METRICS_PROMETHEUS, METRICS_OPENMETRICS, METRICS_JSON },
};

enum metrics_format metrics_negotiate(const struct http_request *q)
{
	bool snapshot = !strcmp(http_route(q)->path, "/metrics/snapshot");
	const struct preference *p = snapshot ? &json_first : &text_first;

	return p->formats[http_prefers(q, p->types)];
}

void metrics_stats_gone(const struct http_request *q unused, struct http_response *r,
			void *ctx unused)
{
	http_fail(r, 410, "/stats.json is gone: its numbers are in /metrics/snapshot.");
}
