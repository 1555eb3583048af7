/* The limits of setrlimit(2) that the container's command gets. */
#pragma once

#include "agent/container/plan.h"

/*
 * In the child, before it gives up its privileges: raising a hard limit needs CAP_SYS_RESOURCE.
 * And so an exec says it if the user has too many processes already. Allocates nothing.
 */
int limits_set(const struct launch_plan *plan, struct error *e);
