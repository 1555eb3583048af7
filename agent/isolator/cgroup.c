/* Places the container: the supervisor in one cgroup, the task beside it in another. */
#include "agent/container/cgroups.h"
#include "agent/isolator/rows.h"
#include "lib/cgroup.h"
#include "lib/fs.h"
#include "lib/log.h"

static int make(const char *path, char **supervisor, char **task, struct error *e)
{
	autofree char *first = path_join(path, CGROUP_SUPERVISOR);
	autofree char *second = path_join(path, CGROUP_TASK);

	if (cgroup_make(path, e) || cgroup_make(first, e) || cgroup_make(second, e))
		return -e->code;
	*supervisor = take_ptr(first);
	*task = take_ptr(second);
	return 0;
}

/* Nothing is limited by it yet, so a container without is worth more than none. */
static int prepare(struct container *c, struct launch_plan *plan, struct error *e unused)
{
	autofree char *path = cgroups_path(c->node, c->id);
	struct error why;

	if (path && make(path, &plan->supervisor_cgroup, &plan->task_cgroup, &why))
		log_warning("container %s: stays in the cgroup of the agent: %s", c->id, why.text);
	return 0;
}

const struct isolator isolator_cgroup = {
	.doc = "places supervisor and task in cgroups of their own",
	.prepare = prepare,
};
