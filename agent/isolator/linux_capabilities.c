/*
 * linux/capabilities: takes from containers, root's too, the capabilities that lead around disk
 * quotas, and gives those that a task asked for and may have.
 */
#include <linux/capability.h>

#include "agent/isolator/capabilities.h"
#include "agent/isolator/rows.h"

/*
 * Root has its bounding set by exec, others only what is ambient. An agent that may not take
 * capabilities out of bounding sees to it that no program brings any.
 */
static int prepare(struct container *c, struct launch_plan *plan, struct error *e)
{
	const struct capabilities_allowed *allowed = &c->node->capabilities;
	uint64_t own = capabilities_inherited(), granted;
	struct capability_sets *sets;

	if (capabilities_grant(c->capabilities,
			       plan->uid && c->capabilities ? allowed->to_others : allowed->to_root,
			       own, &granted, e))
		return -e->code;
	sets = xcalloc(1, sizeof(*sets));
	sets->has_bounding = sets->has_permitted = sets->has_ambient = true;
	sets->bounding = granted;
	if (!(own & BIT(CAP_SETPCAP))) {
		sets->bounding = capabilities_bounding();
		plan->no_new_privs = plan->has_no_new_privs = true;
	}
	if (plan->uid == 0 || c->capabilities)
		sets->permitted = granted;
	if (plan->uid != 0)
		sets->ambient = sets->permitted;
	plan->capabilities = sets;
	return 0;
}

const struct isolator isolator_linux_capabilities = {
	.name = "linux/capabilities",
	.doc = "takes from containers the capabilities that lead around disk quotas",
	.prepare = prepare,
};
