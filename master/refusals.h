/*
 * Filters: what the frameworks refused of one agent, and until when. The
 * allocator's inside; a framework is a slot, a small number.
 */
#pragma once

#include "lib/resources.h"

struct refusal;

/* Zero-initialise. One for each agent. */
struct refusals {
	struct refusal *by_slot;
	size_t count;
};

void refusals_fini(struct refusals *t);
/* total is what the agent has: refusing no less costs no copy and no comparison. */
void refusals_add(struct refusals *t, size_t slot, const struct resources *refused,
		  const struct resources *total, int64_t until);
/*
 * True if the framework refused as much as r, and that still holds; then *idle_until
 * is lowered to the end of that. Filters that ended are dropped.
 */
bool refusals_match(struct refusals *t, size_t slot, const struct resources *r, int64_t now,
		    int64_t *idle_until);
/* All of one framework. */
void refusals_forget(struct refusals *t, size_t slot);
/* The agent's total changed: who refused all of it did not see what it has now. */
void refusals_total_changed(struct refusals *t);
