/*
 * The places on this node that the agent needs while it runs: the sockets in --runtime_dir, the
 * exit records beside the store, the cgroup of its tasks, room for sandboxes in --work_dir. What
 * others took away is made again (the cgroup by agent/scope.c), and as long as that cannot be done
 * no new task is taken.
 */
#pragma once

#include "agent/fullness.h"
#include "agent/gc.h"
#include "lib/listener.h"

struct agent;

/* Part of struct agent. */
struct places {
	struct listener_limits limits, executor_limits;
	sd_event_source *timer;
	struct gc_wait room;
	struct fullness disk;  /* of the sandboxes */
	struct fullness store; /* as the log says; store_full() is what counts */
	bool no_sockets, no_records, no_cgroup;
	const char *told; /* of what is missing, to the master */
	struct error no_sockets_why, no_records_why, no_cgroup_why;
};

/* Listens on both local sockets, whose paths are in a. -EADDRINUSE if another agent does. */
int places_listen(struct agent *a, const struct listener_limits *limits, struct error *e);
/* The store is full, or not any more: said, unless that changes all the time. */
void places_say_store(struct agent *a);
/* Looks at all of them once a second from now on. After gc and the store. */
int places_watch(struct agent *a, struct error *e);
void places_stop(struct agent *a);
/* What is missing that a new task would need, a clause; NULL: nothing. */
const char *places_missing(const struct agent *a);
/* What is wrong with them, a sentence a line. */
void places_add_health(const struct agent *a, struct buf *out);
