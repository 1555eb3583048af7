/* mesos-execute, shared between its two halves: the process and the framework. */
#pragma once

#include <stdio.h>

#include "lib/masters.h"
#include "lib/peer.h"
#include "tools/execute-task.h"

#define EXECUTE_PROGRAM "mesos-execute"

/* What went wrong, in one sentence on standard error. */
#define complain(fmt, ...) fprintf(stderr, EXECUTE_PROGRAM ": " fmt "\n", __VA_ARGS__)

enum status {
	STATUS_NONE = -1, /* still at it */
	STATUS_FINISHED = 0,
	STATUS_FAILED = 1,
	STATUS_USAGE = 2,
	STATUS_KILLED = 3,
	STATUS_UNREACHABLE = 4,
};

struct execute {
	struct execute_flags flags;
	struct wish wish;
	struct masters masters;
	struct work_pool *pool;
	struct peer_server server;
	struct peer *master; /* NULL while there is no connection */
	bool subscribed;     /* on that one */
	size_t dials;
	int64_t backoff_ns;
	char *why; /* the last attempt to reach a master failed */
	sd_event_source *redial, *give_up, *no_offer, *timeout, *kill_wait, *pulse, *question;
	int64_t pulse_ns;   /* without a word from the master it is lost; 0: it made no promise */
	char *framework_id; /* NULL until registered */
	char *agent_id;     /* NULL until the task was launched */
	struct resources nearest; /* the offer that had most of what is asked */
	double nearest_share;
	enum task_state state; /* the last that was told */
	char *message;         /* that came with it; NULL: none */
	int64_t question_ns;   /* between two questions for it, after the master was lost */
	bool killing;
	int64_t kill_until_ns; /* then it is left to the master */
	enum status status;
};
/* (Re)starts a timer that calls fn once. */
void execute_arm(struct execute *x, sd_event_source **timer, int64_t ns,
		 sd_event_time_handler_t fn);
/* Says goodbye; the loop goes on until that was sent. The first status counts. */
void execute_finish(struct execute *x, enum status status);
/*
 * Kills the task if it was launched and ends when that is confirmed, else ends at once. May be
 * called again: the master may not have known the task, or be another one now.
 */
void execute_kill(struct execute *x);

/*
 * Dials the masters in turn until one registers the framework or master_timeout is over; and again
 * whenever the connection is lost, until reconnect_timeout is over.
 */
void execute_register(struct execute *x);
