/*
 * The agents that the registry knows and that have not come back since the master's start.
 * When --agent_reregister_timeout is over, their removal is requested (removals.h).
 */
#pragma once

#include "master/master.h"

/* An agent of the registry that has not come back yet: in master.recovered. */
struct recovered {
	UT_hash_handle hh;
	struct agent_info *info; /* with its id */
	double registered_time;
};

/* From the registry, at the start. Takes info's contents. */
void recovery_add(struct master *m, struct agent_info *info, double registered_time);
/* NULL if there is none. */
struct recovered *recovery_find(const struct master *m, const char *id);
/* It is back: its queued removal is cancelled, r is freed. */
void recovery_done(struct master *m, struct recovered *r);
/* All are loaded: the time that they have begins. */
void recovery_start(struct master *m);
void recovery_stop(struct master *m);
/*
 * Its time is over, and the limit of removals lets it go: the row is written, then frameworks are
 * told; it may not come back. Harmless if it is not among them.
 */
void registry_remove_recovered(struct master *m, const char *id, const char *why);
