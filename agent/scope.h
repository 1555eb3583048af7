/*
 * Where the cgroups of the containers are. Under systemd that is a scope below mesos-tasks.slice,
 * delegated to us: tasks are not of our service then, and stopping or upgrading that does not touch
 * them. systemd removes a scope that is empty, so a process of ours, the keeper, is in it for as
 * long as we run; after that, for as long as a task runs. One call to systemd a start, not one a
 * task.
 */
#pragma once

#include "agent/container/container.h"

#define TASKS_SLICE "mesos-tasks.slice"

struct scope;

/*
 * Sets node->cgroups to `root`, an existing cgroup, if it is given: -EINVAL if it is none, -EBUSY
 * if another agent has it. Otherwise, if systemd started us as a service, to that of our scope,
 * which is made or found again: this waits for systemd, so before the loop runs. Should that fail,
 * then node->cgroups stays NULL and the log says why. node outlives it; its executor_path and loop
 * are set.
 */
int scope_new(struct container_node *node, const char *root, struct scope **ret, struct error *e);
/*
 * Whether a task may be put there now: the cgroup is there, ours alone, and no scope that is being
 * stopped. One that somebody has removed and made again is taken anew.
 */
int scope_check(struct scope *s, struct error *e);
/* After the node's pool was freed. The scope stays if a task runs in it. NULL is accepted. */
void scope_free(struct scope *s);
