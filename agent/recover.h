/*
 * What an agent before us stored becomes our state: who we are, what runs, what ended
 * meanwhile, what is still to be told.
 */
#pragma once

#include "lib/error.h"

struct agent;

/* --recover */
#define RECOVER_RECONNECT "reconnect"
#define RECOVER_CLEANUP   "cleanup"

/*
 * Reads the store, finds the containers again, launches those that never began. Before the loop
 * runs; after everything but the link to the master is set up. -EINVAL if --resources or
 * --attributes do not allow what runs here, with both and the way out.
 */
int agent_recover(struct agent *a, struct error *e);
