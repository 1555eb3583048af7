/*
 * What isolators add to a launch plan, and tell of usage: between a call and what modules see of
 * it.
 */
#pragma once

#include "agent/container/plan.h"
#include "lib/protocol.h"

/* Behind a struct mesos_plan. */
struct planning {
	struct plan_additions additions;
	const char *sandbox;
};

/* With what isolators before this one have added. */
int planning_begin(struct planning *ret, const struct module_call *call, struct error *e);
/* The call has now what was added. */
void planning_end(struct planning *p, struct module_call *call);
