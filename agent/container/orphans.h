/*
 * Processes whose supervisor was lost. The agent is a subreaper (PR_SET_CHILD_SUBREAPER of
 * prctl(2)), so they become its children; a child that is no supervisor is one of them.
 */
#pragma once

#include "agent/container/container.h"

/* Makes this process the one that orphans fall to. */
int orphans_adopt(struct error *e);
/* Kills and reaps them, and what is below them, until there are none. */
void orphans_kill(struct container_node *node);
