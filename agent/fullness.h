/*
 * Whether a disk counts as full. It does as soon as it is, and no more once there is room; but
 * after it has been full twice within a minute, only once there has been room for a minute: what is
 * written and deleted again and again is neither said nor told to the master each time. Pure.
 */
#pragma once

#include "lib/base.h"

#define FULLNESS_STEADY_NS (60 * NSEC_PER_SEC)

struct fullness {
	bool full;
	bool again;            /* it was so a short time ago as well */
	bool was_full;         /* it was full before, until full_until_ns */
	int64_t full_until_ns; /* monotonic */
	int64_t room_since_ns; /* while it counts as full and there is room; 0: there is none */
};

/* It is full now. True: that is news. */
bool fullness_set_full(struct fullness *f, int64_t now);
/* Looked at: room is enough to count. True: it is full no more, which is news. */
bool fullness_look(struct fullness *f, bool room, int64_t now);
