/*
 * The one home of the master's state: agents, frameworks, tasks, executors, offers.
 * Everything happens in the thread of the loop.
 */
#pragma once

#include <systemd/sd-event.h>
#include <uthash.h>

#include "lib/hooks.h"
#include "lib/http.h"
#include "lib/list.h"
#include "lib/listener.h"
#include "lib/peer.h"
#include "lib/resources.h"
#include "lib/store.h"
#include "lib/updates.h"
#include "master/alarm.h"
#include "master/allocator.h"
#include "master/flags.h"
#include "master/idset.h"
#include "master/metrics.h"
#include "master/observer.h"
#include "master/removal_queue.h"
#include "master/rivals.h"

/* What one master looks after; more are refused. Connections are bounded by flags. */
#define FRAMEWORKS_MAX 20000
#define AGENTS_MAX     50000
/* Tasks of one framework that are alive or not acknowledged. */
#define FRAMEWORK_TASKS_MAX 200000
/* Executors of one agent. */
#define AGENT_EXECUTORS_MAX 10000
/* Memory of all the tasks that ended and are still shown; the oldest are forgotten first. */
#define COMPLETED_TASKS_MAX_BYTES (256 * MIB)
/* A MESSAGE is dropped when so much waits to be read by whom it is for. */
#define MESSAGES_QUEUED_MAX_BYTES (8 * MIB)

struct master {
	const struct master_flags *flags;
	struct roles roles;
	sd_event *loop;
	struct streams *streams;
	struct peer_server server;
	struct listener *listener;
	struct http *http;
	struct modules *modules;
	struct hooks *hooks;
	struct alarms alarms;
	struct allocator *allocator;
	sd_event_source *allocation_timer;
	sd_event_source *allocation_soon; /* runs once, at the end of the turn */
	sd_event_source *offer_timer;     /* of the oldest offer */

	struct store *store;          /* the registry */
	struct recovered *recovered;  /* by id: in the registry, and not back yet */
	size_t recovered_at_start;    /* how many that were, without those never heard of */
	size_t spared;                /* of them, by an operator */
	struct alarm recovery_alarm;  /* set while they may come back */
	struct departure *departures; /* by id: being removed, and the row not on disk yet */
	struct ending *endings;       /* the same of frameworks */
	size_t listing_late;          /* of those below, for too long */
	size_t listing;               /* agents that are back and have not told of all they run */

	struct removal_queue removals;
	struct alarm removal_alarm; /* of the next permit */

	struct agent *agents;         /* by id */
	struct framework *frameworks; /* by id */
	struct offered *offers;       /* by id */
	struct list offers_by_age;    /* offered.age_node */
	struct list completed;        /* framework.node, oldest first */
	size_t completed_count;
	struct list completed_tasks; /* task.age_node: of all frameworks, oldest first */
	size_t completed_bytes;      /* of these */
	int64_t drop_logged_ns;      /* when a dropped MESSAGE was logged */
	struct idset removed_agents, removed_frameworks;
	struct principal *principals; /* by name */
	struct updates updates;       /* that the master made: updates.c */
	sd_event_source *update_timer;
	uint64_t resume_round; /* counts the frameworks that came back */

	char *id, *hostname, *pid;
	struct master_info info;
	double start_time; /* seconds since 1970 */
	int64_t start_ns;  /* monotonic */
	uint64_t next_agent, next_framework, next_offer;
	struct master_metrics metrics;
	struct ended_counts ended;
};

struct agent {
	UT_hash_handle hh;
	struct master *master;
	struct peer *peer;            /* NULL while disconnected */
	struct allocator_agent *pool; /* what of it is free */
	struct store_wait admission;  /* its row is not on disk yet */
	bool confirmed;               /* it was heard of since it was told its id */
	bool listing;                 /* it is back and has not told of all that it runs */
	bool listing_late;            /* for too long, and /health says so */
	bool active;                  /* admitted, connected, all its tasks listed */
	bool late;                    /* a ping was not answered: nothing is offered until one is */
	bool unavailable;             /* it said that it takes no tasks */
	struct agent_info *info;      /* with its id */
	struct resources total;
	struct resources used; /* by tasks and executors */
	struct list tasks;     /* task.agent_node */
	struct list executors; /* executor.node */
	size_t executors_count;
	struct list offers; /* offered.agent_node */
	struct observer observer;
	sd_event_source *ping_timer;
	struct alarm blame_alarm;                  /* a pong may be missing */
	struct alarm listing_alarm;                /* of the time to tell all */
	double registered_time, reregistered_time; /* seconds since 1970; 0: never */
	struct rivalry rivalry;
	uint64_t resume_round; /* the last in which it was told */
};

struct framework {
	UT_hash_handle hh;
	struct list node; /* in master.completed */
	struct master *master;
	struct peer *peer;                 /* NULL while disconnected */
	struct peer *waiting;              /* subscribes, but the row is not on disk yet */
	struct store_wait admission;       /* for that */
	struct allocator_framework *share; /* NULL once completed */
	struct framework_info *info;       /* with its id */
	bool registered;                   /* it subscribed here; else only agents told of it */
	bool suppressed;
	struct task *tasks;    /* by task_id */
	struct list completed; /* task.agent_node, oldest first */
	size_t completed_count;
	struct list offers;          /* offered.framework_node */
	struct principal *principal; /* NULL: none */
	size_t updates_bytes;        /* of the master's updates that wait for it */
	sd_event_source *heartbeat;
	struct alarm failover_alarm;
	int64_t adopted_ns; /* when an agent told of it, on the clock of the alarms */
	double registered_time, reregistered_time, unregistered_time;
};

/* An executor of a framework's own, on one agent. */
struct executor {
	struct list node;
	struct agent *agent;
	struct framework *framework;
	struct executor_info *info;
	struct resources resources;
	bool charged; /* the resources are in the books */
	bool listed;  /* by the agent that re-registers */
	bool sent;    /* a task with it was sent to the agent, or the agent told of it */
};

struct task {
	UT_hash_handle hh;
	struct list agent_node; /* in agent.tasks, or in framework.completed */
	struct list age_node;   /* in master.completed_tasks */
	struct framework *framework;
	struct agent *agent;       /* NULL once completed */
	size_t bytes;              /* of memory, once completed */
	struct task_report report; /* without its resources */
	struct resources resources;
	bool charged;     /* the resources are in the books */
	bool listed;      /* by the agent that re-registers */
	bool ended_here;  /* the master ended it */
	int64_t grace_ns; /* of its own kill policy */
	bool has_grace;
	struct kill_task *kill; /* sent, or to be sent once its agent is back; NULL: none */
	bool has_update;        /* the agent's last update wants to be acknowledged */
	uint8_t update_uuid[16];
	enum task_state update_state;
	struct launching *launching; /* its agent does not know of it yet: launch.h; NULL: it may */
	struct task_status *last_words; /* its end, as its agent said it, without data */
};

/* An offer that no framework has answered yet. */
struct offered {
	UT_hash_handle hh;
	struct list framework_node, agent_node, age_node;
	struct framework *framework;
	struct agent *agent;
	struct resources resources;
	int64_t expires_ns;
	bool sent;
	bool taken; /* by the ACCEPT or DECLINE that is being answered */
	char id[];
};

/* Frameworks with one principal share their message counts. */
struct principal {
	UT_hash_handle hh;
	unsigned frameworks;
	uint64_t received, processed;
	char name[];
};

/*
 * Everything but the loop's run. flags outlive the master; passed is a socket for its port, or
 * -EBADF: there is none yet. On failure nothing is left behind, and nothing was listening unless
 * all the rest succeeded.
 */
int master_new(sd_event *loop, const struct master_flags *flags, int passed, struct master **ret,
	       struct error *e);
void master_free(struct master *m);
/* Whether this agent's id looks as if a master gave it, this one or another. */
bool master_like(const char *id);
/* Whether this id could have been given by this very master. */
bool master_gave(const struct master *m, const char *id);
/* Whether a MESSAGE may still be sent there; if not, it is counted as dropped. */
bool master_may_message(struct master *m, struct peer *to);
