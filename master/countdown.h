/*
 * Time that runs only while we do: a process that was stopped for an hour has used up one
 * step of it, not the hour. Pure: time is an argument.
 */
#pragma once

#include "lib/base.h"

/* How often to tick, and the most that one tick may count. */
#define COUNTDOWN_TICK_NS NSEC_PER_SEC
#define COUNTDOWN_STEP_NS (2 * NSEC_PER_SEC)

struct countdown {
	int64_t left_ns;
	int64_t last_ns; /* monotonic: of the last tick */
};

void countdown_init(struct countdown *c, int64_t ns, int64_t now);
/* Counts the time since the last tick. True: it is over, now or already. */
bool countdown_tick(struct countdown *c, int64_t now);
/* In how many nanoseconds to tick again; 0 when it is over. */
int64_t countdown_next(const struct countdown *c);
