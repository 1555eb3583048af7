/*
 * What a supervisor left that was killed while no agent was there: its processes have fallen
 * to the system's init, so nobody's tree shows them.
 */
#pragma once

#include "agent/container/container.h"

/*
 * Kills the container's first process with what is below it or in its session, and whatever has
 * the sandbox's path in its environment, until nothing new is found: a job of the node's pool.
 * The environment is the task's to change: what scrubbed it and left the session is not found.
 */
void remains_kill(struct container *c);
