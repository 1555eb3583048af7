/*
 * slave_task_status_label_decorator: an update is in the store already, and told when its labels
 * are known.
 */
#pragma once

#include "agent/agent.h"

/*
 * Holds the update back if a hook wants to see it; t is its task, NULL if that is not here. stored:
 * it has a row. Right after it was queued.
 */
void status_hooks_hold(struct agent *a, struct update *u, const struct task *t, bool stored);
/* The update is gone. */
void status_hooks_gone(const struct update *u);
/* Those that are held; at the end of the agent. The next one asks again. */
void status_hooks_forget(struct agent *a);
