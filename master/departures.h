/*
 * Agents that are being removed: out of the books already, but nobody outside is told before
 * the row is on disk.
 */
#pragma once

#include "master/master.h"

/*
 * Writes that the agent is removed. When that is on disk: it is told why (NULL: it asked for it
 * itself, and was in no queue of removals), frameworks hear of its failure, and it counts as
 * removed. Takes the connection, which may be NULL and has no owner. recovered: it had not come
 * back since the master's start.
 */
void departure_start(struct master *m, const struct agent_info *info, double registered_time,
		     struct peer *peer, const char *why, bool recovered);
/* NULL if it is not being removed. */
struct departure *departure_find(const struct master *m, const char *id);
/* It has connected again: there it will be told. Takes the connection. */
void departure_meet(struct departure *d, struct peer *peer);
/* A connection without an owner is gone; it may be that of a departure. */
void departure_forget_peer(struct master *m, const struct peer *peer);
/* At the end of the master: nobody is told. */
void departures_free(struct master *m);
