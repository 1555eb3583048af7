/* The rules of reconciliation. */
#include "master/reconcile.h"

#define LATEST "Reconciliation: Latest task state"

bool reconcile_decide(const struct reconcile_facts *facts, enum task_state *state,
		      const char **message)
{
	if (facts->known) {
		*state = facts->state;
		*message = LATEST;
		return true;
	}
	if (facts->transitional)
		return false;
	*state = facts->ended ? facts->end : TASK_LOST;
	if (facts->ended)
		*message = LATEST;
	else if (facts->agent_registered)
		*message = "Reconciliation: Task is unknown to the agent";
	else
		*message = "Reconciliation: Task is unknown";
	return true;
}
