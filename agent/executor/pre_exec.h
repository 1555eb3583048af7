/*
 * Commands that run before the container's own, for whoever wrote them into the plan: with what
 * mesos-executor may do, for they are there to do what the container may not. Nothing of the
 * task's words reaches them, its environment least of all: it could name a library to be loaded.
 */
#pragma once

#include "agent/container/plan.h"

/* One of them as exec and messages want it; the strings of argv are the plan's. */
struct pre_exec_command {
	char **argv, **environment;
	char *text;
};

struct pre_exec {
	struct pre_exec_command *list;
	size_t count;
};

/* Before the fork; the plan is the caller's, and has been checked. */
void pre_exec_init(struct pre_exec *ret, const struct launch_plan *plan);
void pre_exec_fini(struct pre_exec *p);
/*
 * In the child: runs one after another, each in a process of its own, in the session, the cgroup
 * and the namespaces of the child, and where that is. The first that fails is named.
 * Allocates nothing, and leaves `environ` as the last one had it.
 */
int pre_exec_run(const struct pre_exec *p, struct error *e);
