/*
 * The mount namespace of a container that has mounts of its own, or commands that may make some: a
 * copy of the agent's, to which nothing that is mounted here leaks back. It ends with the last
 * process of the container.
 */
#pragma once

#include "agent/container/plan.h"

/*
 * In the child: moves it into one, with the mounts of the plan, if it needs one. Allocates nothing.
 */
int namespace_enter(const struct launch_plan *plan, struct error *e);
