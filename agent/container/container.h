/*
 * The life of one container: prepared by its isolators, spawned as mesos-executor with
 * its plan, held at the gate, started, ended, measured one last time, gone. Knows
 * nothing of tasks; its owner hears of it through container_ops.
 */
#pragma once

#include <stdatomic.h>

#include "agent/container/plan.h"
#include "agent/disk/quota_watch.h"
#include "agent/disk/scan_watch.h"
#include "lib/peer.h"
#include "lib/resources.h"

enum container_phase {
	CONTAINER_PREPARING, /* isolators write the plan */
	CONTAINER_SPAWNED,   /* mesos-executor was started */
	CONTAINER_HELD,      /* the container's init exists and waits */
	CONTAINER_RUNNING,   /* the command was exec'd */
	CONTAINER_ENDED,     /* no process is left */
};

struct container;
struct container_node;

/* How a container ended. */
struct container_end {
	bool launched;   /* the command had been exec'd */
	bool has_status; /* false: its supervisor was lost */
	int status;      /* as waitpid(2) gives it */
	bool limited;    /* a limit ended it: reason and message say which */
	enum task_reason reason;
	uint64_t limit_disk_bytes; /* what it used then */
	/* Of the limit, why it could not be launched, or who ended it; NULL: none. */
	const char *message;
};

struct container_ops {
	/*
	 * Its init exists and waits at the gate; container_start() opens that, once this is stored.
	 */
	void (*made)(struct container *c);
	void (*started)(struct container *c); /* its command was exec'd */
	/*
	 * It is above a limit that ends it: container_limit() with this message, unless somebody
	 * decides otherwise. At each check.
	 */
	void (*exceeded)(struct container *c, const char *why);
	void (*limited)(struct container *c); /* it broke a limit, and is about to be ended */
	/*
	 * A check has found that nothing is left of its quota, and of writes that were refused
	 * nobody was told.
	 */
	void (*full)(struct container *c);
	/* The kernel refused it more disk, for the first time: c->denied says so to its tasks. */
	void (*denied)(struct container *c);
	/* Each time that it does, with what it uses and may use then in its ledger. */
	void (*refused)(struct container *c, const char *message);
	/* Once: no process is left. The container lives on for its last measurement. */
	void (*ended)(struct container *c, const struct container_end *end);
	/* The kernel holds it to its disk limits as they are now; why: or not, for this reason. */
	void (*limits_applied)(struct container *c, const char *why);
	/* Once, after ended: what was measured is final, and the container is freed after this. */
	void (*settled)(struct container *c);
	/* The last supervisor was reaped, or the last orphan is gone or is waited for no longer. */
	void (*idle)(struct container_node *node);
};

/* What tasks may have at most of capabilities(7), a bit each. */
struct capabilities_allowed {
	uint64_t to_root, to_others; /* these only if they ask */
};

/* What all containers of an agent share. Filled in by the agent, which owns everything in it. */
struct container_node {
	sd_event *loop;
	struct work_pool *pool; /* for prepare and the sampler */
	struct work_pool
		*ends; /* for what waits until processes have died: no launch waits for that */
	struct disk_checks *disk;
	struct projects *projects; /* NULL: no disk quota isolator is on */
	struct warnings *warnings; /* of the kernel, about quotas; NULL: it is not heard */
	struct quota_rules quota_rules;
	uint64_t default_disk_bytes; /* of containers that were given no disk; 0: no limit */
	const struct container_ops *ops;
	uint64_t isolators; /* bits of the table */
	bool switch_user;
	struct capabilities_allowed capabilities;
	const char *executor_path;   /* of mesos-executor */
	const char *executor_socket; /* where supervisors and executors connect */
	const char *records;         /* directory: how containers ended, by their ids */
	const char *hostname;
	int64_t registration_timeout_ns;
	int64_t recovery_timeout_ns; /* how long supervisors wait for the next agent */
	uint64_t open_files;         /* soft limit of the containers; 0: whatever ours is */
	struct agent_metrics *metrics;
	const char *cgroups; /* absolute path: where the containers' are; NULL: they have none */
	pid_t keeper; /* a child that is no supervisor and no orphan: agent/scope.h; 0: none */
	struct list containers;
	unsigned supervisors; /* processes that are not yet reaped */
	struct orphans *orphans;
	struct hooks *hooks;       /* isolator modules among them */
	struct list isolator_runs; /* calls of these */
};

/* An operator's word against that of the tasks. */
struct disk_override {
	bool set;
	uint64_t limit_bytes;
};

/* What the processes of a container use together: the sampler's. */
struct process_sample {
	uint64_t user_ticks, system_ticks; /* of sysconf(_SC_CLK_TCK) a second */
	uint64_t rss_bytes;
	uint64_t processes; /* 0: never sampled */
};

struct container {
	struct list node_entry; /* in node->containers */
	struct container_node *node;
	void *owner; /* NULL: nobody wants to know any more */
	enum container_phase phase;
	char *id;            /* random */
	char *sandbox;       /* absolute path */
	char *sandbox_below; /* the same below work_dir, which may be spelled otherwise by now */
	char *user;
	char *task_id; /* of a command task, for the announcement; NULL otherwise */
	struct command_info *command;
	struct capability_info *capabilities; /* that it asked for; NULL: those that all get */
	struct labels *labels;                /* that its environment has; NULL: none */
	struct variable *environment;         /* Mesos's own variables */
	size_t environment_count;
	int64_t grace_ns;
	uint64_t isolators;
	struct resources resources;
	int64_t started_wall_ns;

	/* made by prepare */
	int sandbox_fd, stdout_fd, stderr_fd, plan_fd;
	struct launch_plan *plan; /* until that is in plan_fd */
	char *token;              /* proves which container a supervisor belongs to */
	struct error error;
	int outcome;

	/* the supervisor */
	pid_t supervisor;
	uint64_t supervisor_start; /* clock ticks after boot: with the pid, which process it is */
	bool adopted;              /* an agent before us started it: it is not our child */
	int pidfd;                 /* of one that was adopted */
	char *record;              /* path of the file that says how the container ended */
	struct peer *peer;
	sd_event_source *child, *deadline;
	bool greeted; /* its connection was there once */
	bool child_gone;
	bool lost;           /* it ended without a word, and what it left is being killed */
	bool leaves_orphans; /* when it ends, for it could not kill them */
	bool may_start;      /* container_start() was called */
	bool planning;       /* isolator modules are asked what is to be in its plan, or were */
	bool isolating;      /* isolator modules are asked about its first process */
	bool isolated;       /* and have agreed */
	bool refused;        /* or not, or its hooks: error says why */
	bool untold;         /* it told how it ended, and waits for container_told() */
	pid_t pid;           /* of the container's init */
	uint64_t pid_start;

	/* how it ends */
	bool waiting;         /* for container_proceed() */
	bool ending;          /* container_destroy() was called */
	atomic_bool unwanted; /* the same, for the thread that prepares it */
	int64_t ending_grace_ns;
	int64_t ending_by_ns; /* monotonic: then its supervisor is taken for hung */
	bool limited;
	enum task_reason reason;
	char *message;
	uint64_t limit_disk_bytes; /* what it used then */

	struct ledger disk;
	struct scan_watch scan;
	struct quota_watch quota;
	struct disk_override override;
	uint64_t spared_bytes; /* above this limit it may go on; 0: above none */
	char *denied;          /* that the kernel has refused it more disk; NULL: it has not */
	char *refusal;         /* the same, the last time */
	struct work job;       /* prepare, hand_over */
	struct process_sample sample;
	json_t *usage;    /* numbers of isolator modules by their names; NULL: none yet */
	bool usage_asked; /* for the next ones */
	unsigned holds;   /* what still needs it, itself included */
};

/* What a container is made from; all of it is copied. */
struct container_spec {
	const char *id, *sandbox, *sandbox_below, *user, *task_id;
	const struct command_info *command;
	const struct capability_info *capabilities; /* NULL: those that all get */
	const struct labels *labels;                /* NULL: none */
	const struct variable *environment;
	size_t environment_count;
	int64_t grace_ns;
	const struct resources *resources;
	struct disk_override override;
	const char *denied;
};

extern const struct peer_protocol supervisor_protocol;

/* What an agent before us knew of a container that it had let begin. */
struct container_past {
	const char *token;
	pid_t supervisor, pid;
	uint64_t supervisor_start, pid_start;
	bool running; /* its command had been exec'd; otherwise that is not known */
	int64_t started_wall_ns;
	enum task_reason reason; /* of the limit that it broke */
	const char *message;     /* the same; NULL: none */
	uint64_t limit_disk_bytes;
};

/* A new container, which is not made before container_proceed() is called. */
struct container *container_launch(struct container_node *node, const struct container_spec *spec,
				   void *owner);
/* Before container_proceed(): Mesos's own variables are these, which are copied. */
void container_set_environment(struct container *c, const struct variable *list, size_t count);
/*
 * Instead of container_proceed() or container_start(): it is not to run, for this reason, and ends
 * from the loop.
 */
void container_refuse(struct container *c, const struct error *why);
/* Begins to make it; the outcome comes through node->ops. */
void container_proceed(struct container *c);
/* Lets its command begin; after ops->made. */
void container_start(struct container *c);
/*
 * One that runs already, or ran: its supervisor is found by pid and start time, and is expected to
 * connect. What became of it meanwhile comes through node->ops, from the loop.
 */
struct container *container_adopt(struct container_node *node, const struct container_spec *spec,
				  const struct container_past *past, void *owner);
/* An operator gives it another limit, or takes that back. */
void container_override_disk(struct container *c, const struct disk_override *o);
/*
 * It is not ended for its limit, until that is another: with a quota nothing but the hard limit
 * holds it then.
 */
void container_spare_disk(struct container *c);
/*
 * Its isolators look at it again: what was said of its limits and could not be heeded is said
 * again.
 */
void container_watch_anew(struct container *c);
/* The kernel has refused it more disk. */
void container_refused(struct container *c, const char *message);
/* Its resources are now these. */
void container_update(struct container *c, const struct resources *resources);
/*
 * Ends it: SIGTERM to the whole tree, SIGKILL after grace_ns (0: at once). Calling it
 * again with a shorter grace shortens. `ended` follows.
 */
void container_destroy(struct container *c, int64_t grace_ns);
/* It broke a limit: remembers why, once, and destroys it at once. */
void container_limit(struct container *c, enum task_reason reason, const char *message);
/* How it ended is on disk, so that its supervisor may forget it. After ops->ended. */
void container_told(struct container *c);
/*
 * Stops preparing what is being prepared, for good; for the end of the agent, before node->pool is
 * freed. The next one launches it anew.
 */
void containers_leave(struct container_node *node);
/* Frees them all, and leaves alone what runs; for the end of the agent. */
void containers_fini(struct container_node *node);
const char *container_phase_name(enum container_phase phase);

/* Keeps an ended container for a last measurement; release frees it after the last hold. */
void container_hold(struct container *c);
void container_release(struct container *c);
