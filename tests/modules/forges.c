/* Answers a call in the place of its host, with its parameter `result`, and ends the process: what one may do that writes over all. */
#include <stdio.h>
#include <unistd.h>

#include <mesos/hook.h>

/* The socket to the daemon. */
#define DAEMON_FD 3

static int forge(void *self, const struct mesos_event *e, struct mesos_labels *labels)
{
	(void)e;
	(void)labels;
	dprintf(DAEMON_FD, "{\"type\":\"RESULT\",\"result\":%s}\n",
		mesos_parameter(self, "result"));
	_exit(0);
}

static void *create(const struct mesos_parameters *parameters)
{
	if (!mesos_parameter(parameters, "result")) {
		mesos_fail("parameter 'result' is missing");
		return NULL;
	}
	return (void *)(uintptr_t)parameters; /* they stay */
}

static const struct mesos_hook hook = {
	.size = sizeof(hook),
	.abi = MESOS_MODULE_ABI,
	.slave_run_task_label_decorator = forge,
};

MESOS_MODULE(org_example_forges) = {
	MESOS_MODULE_BEGIN,
	.kind = MESOS_HOOK_KIND,
	.author_name = "An Author",
	.author_email = "author@example.org",
	.description = "Forges a result.",
	.functions = &hook,
	.create = create,
};
