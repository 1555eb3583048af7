/*
 * Writes down what it is called for, a line each, in the file that its parameter `file` names. With
 * the parameter `keeps` there is a file for each executor in that directory, from its environment
 * to its end. Besides it has what told.h has.
 */
#include <stdio.h>
#include <unistd.h>

#include <mesos/hook.h>

#include "told.h"

/* Text that may not be there. */
static const char *or_none(const char *text)
{
	return text ? text : "-";
}

static int note(const struct mesos_parameters *p, const char *what, const struct mesos_event *e)
{
	const char *file = mesos_parameter(p, "file");
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
	return do_as_told(p, what);
}

/* The file of its executor in the directory `keeps` is made, or taken away. */
static int keep(const struct mesos_parameters *p, const struct mesos_event *e, bool on)
{
	const char *keeps = mesos_parameter(p, "keeps");
	char path[4096];
	FILE *f;

	if (!keeps)
		return 0;
	snprintf(path, sizeof(path), "%s/%s", keeps, mesos_executor_id(mesos_event_executor(e)));
	if (!on)
		return unlink(path) ? mesos_fail("cannot remove %s", path) : 0;
	f = fopen(path, "wxe");
	return f ? fclose(f) : mesos_fail("cannot make %s", path);
}

static int environment(void *self, const struct mesos_event *e, struct mesos_environment *v)
{
	(void)v;
	return keep(self, e, true) ? -1 : note(self, "environment", e);
}

static int pre_launch(void *self, const struct mesos_event *e)
{
	return note(self, "pre_launch", e);
}

static int status_labels(void *self, const struct mesos_event *e, struct mesos_labels *labels)
{
	(void)labels;
	return note(self, "status_labels", e);
}

static int disk_limit(void *self, const struct mesos_event *e, struct mesos_disk_decision *d)
{
	(void)d;
	return note(self, "disk_limit", e);
}

static int remove_executor(void *self, const struct mesos_event *e)
{
	return keep(self, e, false) ? -1 : note(self, "remove_executor", e);
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
	if (!mesos_parameter(parameters, "file")) {
		mesos_fail("parameter 'file' is missing");
		return NULL;
	}
	return (void *)(uintptr_t)parameters; /* they stay */
}

static void destroy(void *self)
{
	note(self, "destroy", NULL);
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
	.slave_executor_environment_decorator = environment,
	.slave_task_status_label_decorator = status_labels,
	.slave_pre_launch_hook = pre_launch,
	.slave_remove_executor_hook = remove_executor,
	.disk_limit_hook = disk_limit,
};

#define WITNESS(name)                                                                              \
	MESOS_MODULE(name) = {                                                                     \
		MESOS_MODULE_BEGIN,                                                                \
		.kind = MESOS_HOOK_KIND,                                                           \
		.author_name = "An Author",                                                        \
		.author_email = "author@example.org",                                              \
		.description = "Writes down what happens to tasks.",                               \
		.compatible = compatible,                                                          \
		.functions = &hook,                                                                \
		.create = create,                                                                  \
		.destroy = destroy,                                                                \
	}

/* For who wants several one after the other. */
WITNESS(org_example_witness);
WITNESS(org_example_witness_2);
WITNESS(org_example_witness_3);
