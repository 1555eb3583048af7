/* What the agent shows over HTTP. */
#pragma once

#include "lib/http.h"

extern const struct http_route agent_routes[];
/* Every route is also below these: the agent by Mesos's old and by its new name. */
extern const char *const agent_prefixes[];
