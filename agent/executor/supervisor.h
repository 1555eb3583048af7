/*
 * The life of one container: made at once, started when the agent says so, ended as a
 * whole tree. However it ends, no process of it is left.
 */
#pragma once

#include "agent/container/plan.h"

/*
 * Carries the plan out and returns when nothing of the container is alive and the agent
 * knows, or is gone. An error means that the container never was. Blocks the signals it
 * waits for and expects to be the only user of waitpid(2) in the process.
 */
int supervise(const struct launch_plan *plan, struct error *e);
