/*
 * The one home of the agent's state: who it is, what it offers, which frameworks,
 * executors and tasks it has, and which updates wait for an acknowledgement.
 */
#pragma once

#include "agent/container/container.h"
#include "agent/flags.h"
#include "agent/frameworks.h"
#include "agent/places.h"
#include "lib/hooks.h"
#include "lib/http.h"
#include "lib/listener.h"
#include "lib/log.h"
#include "lib/store.h"
#include "lib/updates.h"

/* What is remembered of the past, as in Mesos. */
#define COMPLETED_FRAMEWORKS_MAX 50
/* Ended containers that quota show still tells of. */
#define RECENT_CONTAINERS_MAX 20
/* A message between framework and executor is dropped while so much waits for its receiver. */
#define MESSAGES_QUEUED_MAX (8 * MIB)

struct agent {
	struct agent_flags flags;
	char **argv; /* of main() */
	sd_event *loop;
	int64_t started_ns, started_wall_ns;
	char *id;       /* NULL until the master has admitted us */
	char *boot_id;  /* of the kernel */
	uint64_t epoch; /* the highest that a master has said */
	struct agent_info info;
	struct resources total;
	char **detected; /* names of those resources that --resources does not say */
	size_t detected_count;

	struct store *store;
	char *store_dir, *records_dir;
	struct gc *gc;
	struct gc_wait ids_wait;    /* of containers that no project id was free for; quotas.c */
	struct work_pool *resolver; /* names of masters */
	struct streams *streams;
	struct hello hello; /* what we say to masters and to local peers */
	struct peer_server server;
	struct listener *port, *executor_socket, *agent_socket;
	int passed_fd; /* a socket for the port, until that has it; -EBADF: none */
	struct http *http;
	struct modules *modules;
	struct hooks *hooks;
	struct list arrivals;    /* tasks that hooks are asked about: arrivals.h */
	struct list status_runs; /* updates that hooks are asked about: status_hooks.h */
	struct list removals;    /* executors that hooks are being told of: executor_hooks.h */
	char *executor_socket_path, *agent_socket_path, *executor_path;

	struct master_link *master;
	struct container_node node;
	struct framework *frameworks; /* by id */
	struct list completed_frameworks;
	unsigned completed_frameworks_count;
	struct task_history history; /* of all executors */
	struct list recent;          /* executors whose container ended last */
	unsigned recent_count;
	struct updates updates;
	struct list settings; /* of operators, not answered yet */
	struct sampler *sampler;
	struct places places;
	struct scope *scope;
	sd_event_source *update_timer;
	sd_event_source *strangers_timer; /* what nobody knows is garbage from then on */
	struct agent_metrics metrics;
	struct chosen_label *chosen_labels;
	size_t chosen_labels_count;
	struct log_limit drops; /* lines about messages that were dropped */
	/* What asked for it: ends all tasks, tells that, then terminates; or NULL. */
	const char *cleaning;
	sd_event_source *cleanup_timer;
	bool terminating; /* ends all tasks, then itself; the next one is a new agent */
	int exit_status;
	int work_dir_fd;
	int lock_fd; /* in it, locked: no second agent may use it */
};

/* Connections carry the node, which is all that containers know of the agent. */
static inline struct agent *agent_of_peer(const struct peer *p)
{
	return container_of((struct container_node *)peer_ctx(p), struct agent, node);
}

/* Fills in a new task status of our own making; the rest is the caller's. */
struct task_status agent_status(const char *task_id, enum task_state state, enum task_source source,
				const char *message);
/*
 * Takes an update of a task: moves it, remembers, queues it for the master. t may be NULL (an
 * update about a task that is not here). The status is completed with what it lacks: uuid,
 * timestamp, agent, executor and container. UPDATE_DUPLICATE if it was taken before; -EINVAL
 * if the task cannot move so, -EMSGSIZE and -ENOBUFS as updates_check() says.
 */
int agent_update(struct agent *a, const char *framework_id, struct task *t,
		 const struct task_status *status, struct error *e);
/* A message to or from an executor is dropped: counts it, and says so once a second at most. */
void agent_drop_message(struct agent *a, const char *executor_id, const char *why);
/* t has ended, its framework has not acknowledged that, and no update waits: makes one of it. */
void agent_repeat_end(struct agent *a, const struct task *t);
/*
 * A task that never was here, or is not any more, has ended so, as its framework is told. reason
 * NULL: none.
 */
void agent_end_task(struct agent *a, const char *framework_id, const char *task_id,
		    enum task_state state, const enum task_reason *reason, const char *why);
/* The same of one that is lost. */
void agent_refuse_task(struct agent *a, const char *framework_id, const char *task_id,
		       enum task_reason reason, const char *why);
/* Sends what is due and arms the timer; after a change of a->updates. */
void agent_pump_updates(struct agent *a);
/* Where its port is, "127.0.0.1:5051" or "[::1]:5051"; the caller frees. */
char *agent_endpoint(const struct agent *a);
/* What all executors hold. */
void agent_used(const struct agent *a, struct resources *ret);
/* Why it takes no new task, a clause; NULL: it does. */
const char *agent_takes_none(const struct agent *a);
/* What is wrong with it though it runs: a sentence a line; nothing if all is well. */
void agent_add_health(const struct agent *a, struct buf *out);
/*
 * Ends all tasks, then the loop, with this exit status: not 0 if nobody on this node asked. What
 * starts next in this work_dir is a new agent.
 */
void agent_terminate(struct agent *a, const char *why, int exit_status);
/*
 * Ends all tasks, tells those who listen how they ended, within bounds, and then is terminated; why
 * is what was asked for, and stays. The link to the master is there.
 */
void agent_clean_up(struct agent *a, const char *why);
/* Leaves the loop if nothing is left to end. */
void agent_maybe_leave(struct agent *a);
