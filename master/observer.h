/*
 * Is an agent alive? One observer for each agent says when to ping it and when to
 * give it up. Pure: it reads no clock and sends nothing.
 */
#pragma once

#include "lib/base.h"

struct observer {
	int64_t interval_ns; /* between pings, and to answer one */
	uint64_t max_misses; /* in a row, then the agent is given up */
	int64_t asked_ns;    /* when the last ping went, on the clock of master/awake.h */
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
 * To be called at due_ns or later. awake: what the clock of master/awake.h shows at now. Only an
 * agent that had a whole interval of it for its answer is blamed.
 */
enum observer_action observer_tick(struct observer *o, int64_t now, int64_t awake);
/* Whether the tick that is due would count a miss: better read first what has arrived. */
bool observer_would_blame(const struct observer *o, int64_t awake);
/* Any PONG, or any other sign that the agent is back, clears its record. */
void observer_pong(struct observer *o);
/* Starts counting again, though it was not heard of: it is late still. */
void observer_forgive(struct observer *o);
/*
 * After so long without a ping the agent dials again. That is longer than the distance between two
 * pings, and an interval or more before the agent is given up, or half of one with max_misses 1:
 * it can be back in time.
 */
int64_t observer_ping_timeout_ns(const struct observer *o);
