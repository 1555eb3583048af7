/*
 * What a supervisor left that was killed. Where no agent was there, or not the one that started
 * it, its processes have fallen to the system's init, so nobody's tree shows them.
 */
#pragma once

#include "agent/container/container.h"

/*
 * Kills what is in the container's cgroup, if it had one, then its first process with what is in
 * its session, and whatever has the sandbox's path in its environment, until nothing new is found:
 * a job of the node's pool for ends, which calls killed_all at the end. Until then c is held, and
 * should not count as ended: the next agent would not look for what is left. The environment is the
 * task's to change: without a cgroup, what scrubbed it and left the session is not found.
 */
void remains_kill(struct container *c, void (*killed_all)(struct container *c));
