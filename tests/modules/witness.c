/* Writes down what it is called for, a line each, in the file that its parameter `file` names. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mesos/hook.h>

/* Text that may not be there. */
static const char *or_none(const char *text)
{
	return text ? text : "-";
}

static int note(const char *file, const char *what, const struct mesos_event *e)
{
	const struct mesos_task *t = mesos_event_task(e);
	const struct mesos_executor *x = mesos_event_executor(e);
	const struct mesos_container *c = mesos_event_container(e);
	FILE *f = fopen(file, "ae");

	if (!f)
		return mesos_fail("cannot write to %s", file);
	fprintf(f,
		"%s task=%s name=%s cpus=%g executor=%s framework=%s user=%s agent=%s rack=%s "
		"container=%s sandbox=%s\n",
		what, or_none(mesos_task_id(t)), or_none(mesos_task_name(t)),
		mesos_task_resource(t, "cpus"), or_none(mesos_executor_id(x)),
		or_none(mesos_framework_name(mesos_event_framework(e))),
		or_none(mesos_framework_user(mesos_event_framework(e))),
		or_none(mesos_agent_id(mesos_event_agent(e))),
		or_none(mesos_agent_attribute(mesos_event_agent(e), "rack")),
		or_none(mesos_container_id(c)), or_none(mesos_container_sandbox(c)));
	fclose(f);
	return 0;
}

static int pre_launch(void *self, const struct mesos_event *e)
{
	return note(self, "pre_launch", e);
}

static int remove_executor(void *self, const struct mesos_event *e)
{
	return note(self, "remove_executor", e);
}

static int master_labels(void *self, const struct mesos_event *e, struct mesos_labels *labels)
{
	(void)labels;
	return note(self, "master_labels", e);
}

static int task_labels(void *self, const struct mesos_event *e, struct mesos_labels *labels)
{
	(void)labels;
	return note(self, "task_labels", e);
}

static void *create(const struct mesos_parameters *parameters)
{
	const char *file = mesos_parameter(parameters, "file");

	if (!file)
		mesos_fail("parameter 'file' is missing");
	return file ? strdup(file) : NULL;
}

static void destroy(void *self)
{
	note(self, "destroy", NULL);
	free(self);
}

static bool compatible(void)
{
	return true;
}

static const struct mesos_hook hook = {
	.size = sizeof(hook),
	.abi = MESOS_MODULE_ABI,
	.master_launch_task_label_decorator = master_labels,
	.slave_run_task_label_decorator = task_labels,
	.slave_pre_launch_hook = pre_launch,
	.slave_remove_executor_hook = remove_executor,
};

MESOS_MODULE(org_example_witness) = {
	MESOS_MODULE_BEGIN,
	.kind = MESOS_HOOK_KIND,
	.author_name = "An Author",
	.author_email = "author@example.org",
	.description = "Writes down what happens to tasks.",
	.compatible = compatible,
	.functions = &hook,
	.create = create,
	.destroy = destroy,
};
