/*
 * The agent's side of a mesos-executor: its process, its connection, what it says. One that
 * an agent before us started is no child of ours: a pidfd watches it.
 */
#pragma once

#include "agent/container/container.h"

/* Starts it, with the plan that was prepared. */
void supervisor_spawn(struct container *c);
/* Watches the one that the container had; if it is gone already, that is told from the loop. */
void supervisor_find(struct container *c);
/*
 * Asks it to end the container, now or as soon as it can be asked. Again: with the shorter grace.
 */
void supervisor_end(struct container *c, int64_t grace_ns);
/* Stops watching it. */
void supervisor_forget(struct container *c);

/* For the above, of container.c: nothing of the container is left, or it never was. */
void container_end(struct container *c, const struct container_end *how);
void container_fail(struct container *c, const char *message);
