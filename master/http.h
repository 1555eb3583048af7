/* What the master shows: its HTTP routes. */
#pragma once

#include "lib/http.h"

/* Rows for http_new(); the handlers' ctx is the struct master. */
extern const struct http_route master_routes[];
extern const char *const master_prefixes[];
