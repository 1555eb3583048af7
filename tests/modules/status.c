/* Labels each status with its state, once there is the file that the parameter `until` names. */
#include <string.h>
#include <unistd.h>

#include <mesos/hook.h>

static int label_status(void *self, const struct mesos_event *e, struct mesos_labels *labels)
{
	const char *until = mesos_parameter(self, "until");
	const struct mesos_status *status = mesos_event_status(e);

	while (until && access(until, F_OK))
		usleep(10000);
	return mesos_labels_set(labels, "state", mesos_status_state(status)) ||
	       mesos_labels_set(labels, "reason", mesos_status_reason(status));
}

static void *create(const struct mesos_parameters *parameters)
{
	return (void *)(uintptr_t)parameters; /* they stay */
}

static bool compatible(void)
{
	return true;
}

static const struct mesos_hook hook = {
	.size = sizeof(hook),
	.abi = MESOS_MODULE_ABI,
	.slave_task_status_label_decorator = label_status,
};

MESOS_MODULE(org_example_status) = {
	MESOS_MODULE_BEGIN,
	.kind = MESOS_HOOK_KIND,
	.author_name = "An Author",
	.author_email = "author@example.org",
	.description = "Labels statuses with their states.",
	.compatible = compatible,
	.functions = &hook,
	.create = create,
};
