/* Reconciliation: what the master answers a framework that asks for the state of tasks. */
#pragma once

#include "lib/protocol.h"

/* What decides about the answer. */
struct reconcile_facts {
	bool known;            /* the task is in the books */
	enum task_state state; /* then: as it was passed on, or as it is */
	/*
	 * What is known of its agent, or without one of any, may be incomplete; or its end is not
	 * on disk yet.
	 */
	bool transitional;
	bool ended;          /* the master ended it, and its framework has not acknowledged that */
	enum task_state end; /* then */
	bool agent_registered; /* the agent that was named, if one was */
};

/* Whether there is an answer: *state and *message, a constant. */
bool reconcile_decide(const struct reconcile_facts *facts, enum task_state *state,
		      const char **message);
