/* Which format of the metrics a client wants: JSON unless it asks for Prometheus's. */
#pragma once

#include "lib/http.h"
#include "lib/metrics.h"

/*
 * /metrics/snapshot gives JSON to whoever asks for it or for anything, /metrics gives
 * Prometheus's text; an Accept header that prefers another decides otherwise.
 */
enum metrics_format metrics_negotiate(const struct http_request *q);
