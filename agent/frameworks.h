/*
 * Frameworks and their executors on this agent. A command task has an executor of
 * its own, whose container is the task; a custom executor subscribes and runs many.
 */
#pragma once

#include <uthash.h>

#include "agent/container/container.h"
#include "agent/gc.h"
#include "agent/task.h"
#include "lib/log_fields.h"

#define COMPLETED_EXECUTORS_MAX 150
#define COMPLETED_TASKS_MAX     200

struct agent;

enum executor_state {
	EXECUTOR_REGISTERING, /* its container is being made, or it has not subscribed */
	EXECUTOR_RUNNING,
	EXECUTOR_TERMINATING,
	EXECUTOR_TERMINATED, /* its container has ended */
};

struct framework {
	UT_hash_handle hh;
	struct list node; /* in agent->completed_frameworks */
	struct agent *agent;
	char *id;
	struct framework_info *info;
	struct list executors, completed_executors;
	struct task *tasks; /* those of all executors that have not been acknowledged, by id */
	unsigned completed_executors_count;
	bool terminating;
	bool completed;
};

struct executor {
	struct list node;   /* in framework->executors or ->completed_executors */
	struct list recent; /* in agent->recent */
	struct framework *framework;
	struct executor_info *info; /* made up for a command task */
	bool command;               /* the container is the task */
	enum executor_state state;
	char *container_id, *sandbox, *token;
	struct container *container;     /* NULL when it has ended */
	struct container *ended;         /* until its last measurement is known */
	struct peer *peer;               /* of a custom executor that connected */
	bool subscribed, has_subscribed; /* now; once */
	bool past;                       /* in framework->completed_executors */
	sd_event_source *timer;          /* registration or shutdown */
	struct resources resources;      /* its own, without its tasks' */
	struct list tasks;               /* alive, or ended and not acknowledged */
	struct list completed;
	unsigned completed_count;
	struct ledger disk; /* the last measurement, kept for the record */
	struct disk_override override;
	char *denied;     /* what its tasks are told of the first write refused; NULL: none was */
	bool denied_told; /* some were */
	const char *why_ending;      /* what its tasks are told of it; NULL: nothing */
	int exit_status;             /* of its container, once that has ended; -1: not known */
	struct store_wait stored;    /* that it may begin, or how it ended */
	struct gc_wait room;         /* for what it may write */
	struct disk_run *disk_hooks; /* that are asked about a disk limit; NULL: none are */
	bool disk_asked;             /* they were, about the limit that follows */
	uint64_t disk_asked_bytes;
	bool disk_asked_kills;             /* as one that ends it */
	unsigned launch_waits;             /* for so many things its container waits */
	struct executor_run *launch_hooks; /* one of them; NULL: not, or not any more */
};

extern const struct peer_protocol executor_protocol;

struct framework *framework_find(struct agent *a, const char *id);
struct executor *executor_find(struct framework *f, const char *executor_id);
struct task *task_find(struct framework *f, const char *task_id);
/* The same in the framework of this id; NULL also if that is not here. */
struct task *frameworks_find_task(struct agent *a, const char *framework_id, const char *task_id);
/*
 * Labels of a task as fields of a log line that is about it; ctx is the agent:
 * log_set_task_fields().
 */
void frameworks_add_log_fields(struct log_fields *f, void *ctx);
/* The one that is not past and has this container; NULL if there is none. */
struct executor *executor_by_container(const struct agent *a, const char *container_id);
/* The executor's and its living tasks' resources. */
void executor_used(const struct executor *x, struct resources *ret);
/* What is known of its container's disk, now or at its end. */
const struct ledger *executor_disk(const struct executor *x);

/* The verbs of the master. run takes what it keeps out of the message. */
void frameworks_run_task(struct agent *a, struct run_task *m);
/* A task that was checked, as hooks have made it; takes what it keeps out of m. */
void frameworks_take_task(struct agent *a, struct run_task *m);
void frameworks_kill_task(struct agent *a, const struct kill_task *m);
void frameworks_acknowledged(struct agent *a, const struct acknowledge_update *m);
void frameworks_shutdown(struct agent *a, const char *framework_id);
void frameworks_shutdown_executor(struct agent *a, const struct shutdown_executor *m);
void frameworks_message(struct agent *a, const struct framework_message *m);
/* Ends every executor of every framework. */
void frameworks_shutdown_all(struct agent *a);
/* Drops those that are past, from the store too. */
void frameworks_forget_completed(struct agent *a);
/* One that was stored; takes the row's info. */
struct framework *framework_restore(struct agent *a, struct framework_info *info);
/* Frees what is in memory; the store keeps it for the next agent. */
void frameworks_fini(struct agent *a);
