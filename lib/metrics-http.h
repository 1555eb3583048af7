/* Which format of the metrics a client wants: JSON unless it asks for Prometheus's. */
#pragma once

#include "lib/http.h"
#include "lib/metrics.h"

/*
 * /metrics/snapshot gives JSON to whoever asks for it or for anything, /metrics gives
 * Prometheus's text; an Accept header that prefers another decides otherwise.
 */
enum metrics_format metrics_negotiate(const struct http_request *q);
/* The handler of /stats.json, which is gone: 410, and where its numbers are now. */
void metrics_stats_gone(const struct http_request *q, struct http_response *r, void *ctx);
