/*
 * Answers a call in the place of its host, with its parameter `result`, and ends the process: what
 * one may do that writes over all.
 */
#include <stdio.h>
#include <unistd.h>

#include <mesos/hook.h>
#include <mesos/isolator.h>

/* The socket to the daemon. */
#define DAEMON_FD 3

static int forge(const struct mesos_parameters *p)
{
	dprintf(DAEMON_FD, "{\"type\":\"RESULT\",\"result\":%s}\n", mesos_parameter(p, "result"));
	_exit(0);
}

static int forge_labels(void *self, const struct mesos_event *e, struct mesos_labels *labels)
{
	(void)e;
	(void)labels;
	return forge(self);
}

static int forge_decision(void *self, const struct mesos_event *e, struct mesos_disk_decision *d)
{
	(void)e;
	(void)d;
	return forge(self);
}

static int forge_plan(void *self, const struct mesos_container *c, struct mesos_plan *plan)
{
	(void)c;
	(void)plan;
	return forge(self);
}

static void *create(const struct mesos_parameters *parameters)
{
	if (!mesos_parameter(parameters, "result")) {
		mesos_fail("parameter 'result' is missing");
		return NULL;
	}
	return (void *)(uintptr_t)parameters; /* they stay */
}

static const struct mesos_hook labels_hook = {
	.size = sizeof(labels_hook),
	.abi = MESOS_MODULE_ABI,
	.slave_run_task_label_decorator = forge_labels,
};
static const struct mesos_hook disk_hook = {
	.size = sizeof(disk_hook),
	.abi = MESOS_MODULE_ABI,
	.disk_limit_hook = forge_decision,
};
static const struct mesos_isolator isolator = {
	.size = sizeof(isolator),
	.abi = MESOS_MODULE_ABI,
	.prepare = forge_plan,
};

#define FORGES(name, its_kind, its_functions)                                                      \
	MESOS_MODULE(name) = {                                                                     \
		MESOS_MODULE_BEGIN,                                                                \
		.kind = (its_kind),                                                                \
		.author_name = "An Author",                                                        \
		.author_email = "author@example.org",                                              \
		.description = "Forges a result.",                                                 \
		.functions = &(its_functions),                                                     \
		.create = create,                                                                  \
	}

FORGES(org_example_forges, MESOS_HOOK_KIND, labels_hook);
FORGES(org_example_forges_disk, MESOS_HOOK_KIND, disk_hook);
FORGES(org_example_forges_plan, MESOS_ISOLATOR_KIND, isolator);
