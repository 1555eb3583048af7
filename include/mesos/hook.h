/*
 * Hooks: functions that are called when something happens to a task, in the order of --hooks, each
 * with what those before it have made. A decorator is a hook that may change what it is given: a
 * task's labels, an executor's environment.
 */
#pragma once

#include "mesos/module.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MESOS_HOOK_KIND "Hook"

/* What has happened. Which parts of it there are stands with each hook; the others are NULL. */
struct mesos_event;

const struct mesos_task *mesos_event_task(const struct mesos_event *e);
const struct mesos_executor *mesos_event_executor(const struct mesos_event *e);
const struct mesos_framework *mesos_event_framework(const struct mesos_event *e);
const struct mesos_agent *mesos_event_agent(const struct mesos_event *e);
const struct mesos_status *mesos_event_status(const struct mesos_event *e);
const struct mesos_container *mesos_event_container(const struct mesos_event *e);

/*
 * Of a disk limit that a container has reached, in bytes; 0: it has none of these, and has reached
 * that of files.
 */
uint64_t mesos_event_disk_limit(const struct mesos_event *e);
uint64_t mesos_event_disk_used(const struct mesos_event *e);
/* Whether it is ended for it unless a hook decides otherwise; false: the kernel refuses it more. */
bool mesos_event_disk_kills(const struct mesos_event *e);

/* What becomes of such a container. Without a word of any hook: what the agent's flags say. */
struct mesos_disk_decision;

/*
 * It is not ended: its hard limit is the only one then, and where nothing but a scan measures
 * nothing holds it.
 */
void mesos_disk_deny(struct mesos_disk_decision *d);
/* It is ended. */
void mesos_disk_kill(struct mesos_disk_decision *d);
/*
 * It gets another limit, as by `mesos-agentctl quota set`; 0, or -1 as mesos_fail() does if that is
 * not more than it uses, or 2^63 and more.
 */
int mesos_disk_set_limit(struct mesos_disk_decision *d, uint64_t bytes);

/*
 * Any may be NULL. They return 0, or -1 after mesos_fail(): then what this hook has made is
 * forgotten, and --hook_failure says whether the launch goes on.
 */
struct mesos_hook {
	uint32_t size; /* sizeof(struct mesos_hook) */
	uint32_t abi;  /* MESOS_MODULE_ABI */
	/* Master: a task is valid and is about to be sent to its agent. Task, framework, agent. */
	int (*master_launch_task_label_decorator)(void *self, const struct mesos_event *e,
						  struct mesos_labels *labels);
	/*
	 * Agent: a task has come. Task, executor (if it has one of its framework's own), framework,
	 * agent.
	 */
	int (*slave_run_task_label_decorator)(void *self, const struct mesos_event *e,
					      struct mesos_labels *labels);
	/*
	 * Agent: a container is about to be made. Task (the first of its executor), executor,
	 * framework, agent, container. What its framework has set itself wins over it:
	 * mesos_task_environment() has that of a task's own command, mesos_executor_environment()
	 * that of an executor.
	 */
	int (*slave_executor_environment_decorator)(void *self, const struct mesos_event *e,
						    struct mesos_environment *environment);
	/*
	 * Agent: a status is about to be told for the first time. Agent, status; task and
	 * framework, unless the task is unknown.
	 */
	int (*slave_task_status_label_decorator)(void *self, const struct mesos_event *e,
						 struct mesos_labels *labels);
	/* Agent: as above, after the decorators. */
	int (*slave_pre_launch_hook)(void *self, const struct mesos_event *e);
	/* Agent: an executor has ended. Executor, framework, agent, container. */
	int (*slave_remove_executor_hook)(void *self, const struct mesos_event *e);
	/*
	 * Agent, with --enforce_container_disk_quota: a container has reached its disk limit, or
	 * that of files. Executor, framework, agent, container, and what mesos_event_disk_*() say.
	 */
	int (*disk_limit_hook)(void *self, const struct mesos_event *e,
			       struct mesos_disk_decision *decision);
};

#ifdef __cplusplus
}
#endif
