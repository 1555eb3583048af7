/* What the master shows: its HTTP routes. */
#pragma once

#include "lib/http.h"

/* Rows for http_new(); the handlers' ctx is the struct master. */
extern const struct http_route master_routes[];
extern const char *const master_prefixes[];

struct master;

/* One line for each problem that needs an operator, for /health; nothing if all is well. */
void master_health_add(const struct master *m, struct buf *out);
