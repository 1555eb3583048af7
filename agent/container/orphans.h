/*
 * Processes whose supervisor was lost. The agent is a subreaper (PR_SET_CHILD_SUBREAPER of
 * prctl(2)), so they become its children; a child that is no supervisor is one of them.
 */
#pragma once

#include "agent/container/container.h"

/* How long they are waited for; killing them goes on after that. */
#define ORPHANS_PATIENCE_NS (10 * NSEC_PER_SEC)

struct orphans;

/* Makes this process the one that orphans fall to. */
int orphans_new(struct container_node *node, struct orphans **ret, struct error *e);
/* After the node's pool for ends was freed. NULL is accepted. */
void orphans_free(struct orphans *o);
/*
 * Kills and reaps them, and what is below them, until there are none: jobs of that pool,
 * with growing pauses. The node's `idle` follows, when they are gone or waited for no longer.
 */
void orphans_kill(struct orphans *o);
/* Whether there are some that are worth waiting for. NULL: no. */
bool orphans_awaited(const struct orphans *o);
