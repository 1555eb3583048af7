/*
 * Is an agent alive? One observer for each agent says when to ping it and when to
 * give it up. Pure: it reads no clock and sends nothing.
 */
#pragma once

#include "lib/base.h"

struct observer {
	int64_t interval_ns; /* between pings, and to answer one */
	uint64_t max_misses; /* in a row, then the agent is given up */
	int64_t due_ns;      /* when to call observer_tick() next, monotonic */
	uint64_t misses;
	uint64_t sequence; /* of the last ping */
	bool waiting;      /* for the pong to the last ping */
	bool late;         /* it missed a ping, and was not heard of since */
	bool given_up;     /* and this was said */
};

enum observer_action {
	OBSERVER_WAIT, /* too early */
	OBSERVER_PING, /* send PING with o->sequence; if that cannot be done it counts as missed */
	OBSERVER_GIVE_UP, /* that too; max_misses pings in a row were not answered: said once */
};

/* The first ping is due at once. */
void observer_init(struct observer *o, int64_t interval_ns, uint64_t max_misses, int64_t now);
/*
 * To be called at due_ns or later. Who calls it a whole interval too late was stopped
 * itself: nobody is blamed for a pong that was missed meanwhile.
 */
enum observer_action observer_tick(struct observer *o, int64_t now);
/* Whether the tick that is due would count a miss: better read first what has arrived. */
bool observer_would_blame(const struct observer *o);
/* Any PONG, or any other sign that the agent is back, clears its record. */
void observer_pong(struct observer *o);
/* Starts counting again, though it was not heard of: it is late still. */
void observer_forgive(struct observer *o);
/*
 * After so long without a ping the agent dials again: one interval before it is given
 * up, if that leaves one, so that it is back in time.
 */
int64_t observer_ping_timeout_ns(const struct observer *o);
