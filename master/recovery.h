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
	bool confirmed; /* it was heard of after it was admitted: surely it exists */
	bool spared;    /* an operator cancelled its removal */
};

/* From the registry, at the start. Takes info's contents. */
void recovery_add(struct master *m, struct agent_info *info, double registered_time,
		  bool confirmed);
/* NULL if there is none. */
struct recovered *recovery_find(const struct master *m, const char *id);
/* It is back: its queued removal is cancelled, r is freed. */
void recovery_done(struct master *m, struct recovered *r);
/* All are loaded: the time that they have begins. */
void recovery_start(struct master *m);
void recovery_stop(struct master *m);
/* Whether it still runs. */
bool recovery_runs(const struct master *m);
/*
 * Whether this agent may come back with tasks that the master does not know, or id NULL: any may.
 * Not one that an operator spared: frameworks would wait for it for ever.
 */
bool recovery_expects(const struct master *m, const char *id);
/* Its removal was cancelled. Harmless if it is not among them. */
void recovery_spare(struct master *m, const char *id);
/* One sentence for /health while agents that did not come back wait to be removed. */
void recovery_health_add(const struct master *m, struct buf *out);
/*
 * Its time is over, and the limit of removals lets it go: the row is written, then frameworks are
 * told; it may not come back. Harmless if it is not among them.
 */
void recovery_remove(struct master *m, const char *id, const char *why);
