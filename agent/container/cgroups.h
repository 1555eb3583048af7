/*
 * The cgroups of the containers, <root>/<container id>, with one for the supervisor and one for the
 * task side by side in it: what happens to all of the task's (memory.oom.group) is not to happen to
 * the supervisor. They place and kill; nothing is limited by them.
 */
#pragma once

#include "agent/container/container.h"

/* Names below a container's. */
#define CGROUP_SUPERVISOR "supervisor"
#define CGROUP_TASK       "task"
/* Of the process that keeps the scope: agent/scope.h. */
#define CGROUP_KEEPER "keeper"

/* Where a container's is, or would be; NULL: there are none. The caller frees. */
char *cgroups_path(const struct container_node *node, const char *container_id);
/*
 * Kills what is in a container's and removes it, if there is one: a job of the node's pool for
 * ends.
 */
void cgroups_end(struct container_node *node, const char *container_id);
/* The same for all that have the name of a container which is not known. */
void cgroups_find_strays(struct container_node *node,
			 bool (*known)(const char *container_id, void *ctx), void *ctx);
