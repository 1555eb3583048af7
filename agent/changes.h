/*
 * An agent keeps its id over restarts, and what runs on it was launched on what it offered: it
 * may come back with more, not with less or with something else.
 */
#pragma once

#include "lib/error.h"

struct agent;
struct agent_row;

/*
 * Compares a->total and a->info with what the agent was before (of the store). What was detected,
 * then and now, and is less than it was stays what it was: memory and disk drift. -EINVAL with old,
 * new, and the command that starts afresh.
 */
int changes_accept(struct agent *a, const struct agent_row *before, bool rebooted, struct error *e);
