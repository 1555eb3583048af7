/*
 * Isolators: what --isolation names besides the built-in ones. They see each container before it is
 * made and add to its launch plan, which mesos-executor carries out: nothing of a module runs
 * inside a container but the commands that it asks for.
 */
#pragma once

#include "mesos/module.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MESOS_ISOLATOR_KIND "Isolator"

/* No limit: setrlimit(2). */
#define MESOS_NO_LIMIT UINT64_MAX

struct mesos_plan;

/* These return 0, or -1 as mesos_fail() does when the plan cannot have that. */
int mesos_plan_set_environment(struct mesos_plan *p, const char *name, const char *value);
/*
 * A directory or file of the node, absolute and without "..", that the container sees at target as
 * well.
 */
int mesos_plan_bind(struct mesos_plan *p, const char *source, const char *target, bool read_only);
/* An empty directory in memory, of so many bytes at most. */
int mesos_plan_tmpfs(struct mesos_plan *p, const char *target, uint64_t bytes);
/* name as prlimit(1) has it: "nofile", "nproc", "core". */
int mesos_plan_limit(struct mesos_plan *p, const char *name, uint64_t soft, uint64_t hard);
/*
 * A command that runs inside the container, as root, before its own begins; if it does not exit
 * with 0 the launch fails. argv ends with NULL, argv[0] is an absolute path or a name in PATH.
 */
int mesos_plan_command(struct mesos_plan *p, const char *const *argv);

struct mesos_usage;

/* A number that /monitor/statistics.json shows of the container. */
int mesos_usage_set(struct mesos_usage *u, const char *name, double value);

/* Any may be NULL. They return 0, or -1 after mesos_fail(). */
struct mesos_isolator {
	uint32_t size; /* sizeof(struct mesos_isolator) */
	uint32_t abi;  /* MESOS_MODULE_ABI */
	/*
	 * Before the container is made. Its sandbox is there, with stdout and stderr, and is held
	 * to its quota, but nobody except the agent's user can enter it. Those three are given to
	 * the container's user afterwards; what else a module makes there stays whose it is. A
	 * failure fails the launch.
	 */
	int (*prepare)(void *self, const struct mesos_container *c, struct mesos_plan *plan);
	/* Its first process is there and waits, and its sandbox is its user's. The same. */
	int (*isolate)(void *self, const struct mesos_container *c);
	/*
	 * Its resources have changed. Not while it is being prepared: isolate is told what they are
	 * then.
	 */
	int (*update)(void *self, const struct mesos_container *c);
	/* What it uses. */
	int (*usage)(void *self, const struct mesos_container *c, struct mesos_usage *usage);
	/*
	 * It runs already, or is at least being prepared: after a restart of the agent, or of any
	 * host of its modules, for each such container. Calls that waited while the host was away
	 * may come before it.
	 */
	int (*recover)(void *self, const struct mesos_container *c);
	/*
	 * It has ended, or was never made; also for one that it has not heard of, and more than
	 * once. Not, if the agent is killed in between: what recover is not called for after its
	 * restart has ended.
	 */
	int (*cleanup)(void *self, const struct mesos_container *c);
};

#ifdef __cplusplus
}
#endif
