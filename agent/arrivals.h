/*
 * Tasks that have come and are not taken yet: their labels are being decorated. Nothing of them is
 * in the store, and a master that asks meanwhile is told of none.
 */
#pragma once

#include "agent/agent.h"

/* A task that was checked; takes the contents of m. frameworks_take_task() follows, or its end. */
void arrivals_add(struct agent *a, struct run_task *m);
bool arrivals_have(const struct agent *a, const char *framework_id, const char *task_id);
/* It is not to be taken any more; whether there was such a one. */
bool arrivals_cancel(struct agent *a, const char *framework_id, const char *task_id);
/* Forgets those of a framework (NULL: of all), telling nobody. */
void arrivals_forget(struct agent *a, const char *framework_id);
