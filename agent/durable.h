/* What follows once rows are on disk: updates may go, executors are acknowledged. */
#pragma once

#include "lib/error.h"

struct agent;

/* Opens the store in --store_dir; agent_recover() reads it. */
int agent_open_store(struct agent *a, struct error *e);
/* How to do without the store, a clause for the end of an error; the caller frees. */
char *agent_fresh_store(const struct agent *a);
/* Before anything is put into a->updates. */
void agent_set_up_updates(struct agent *a);
