/* The launch plan of one container: plan.def. Seen by the agent and by mesos-executor. */
#pragma once

#include <sys/resource.h>

#include "lib/schema.h"

#include "lib/schema-structs.h"
#include "agent/container/plan.def"
#include "lib/schema-end.h"

/* mesos-executor finds the plan, one JSON object, on this inherited descriptor. */
#define PLAN_FD        3
#define PLAN_MAX_BYTES (1 * MIB)
/* The PATH of what names none. */
#define PLAN_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* Of its environment; a later variable of the same name replaces the earlier one. */
void plan_set_variable(struct launch_plan *plan, const char *name, const char *value);
