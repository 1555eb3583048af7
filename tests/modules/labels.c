/* Decorates labels: `add` adds a label, `set` sets one, `remove` takes one away; each is "key=value". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mesos/hook.h>

struct decorator {
	const struct mesos_parameters *parameters;
};

static int with_pair(int (*fn)(struct mesos_labels *, const char *, const char *),
		     struct mesos_labels *labels, const char *pair)
{
	char key[256];
	const char *equals = strchr(pair, '=');

	if (!equals)
		return fn(labels, pair, NULL);
	snprintf(key, sizeof(key), "%.*s", (int)(equals - pair), pair);
	return fn(labels, key, equals + 1);
}

static int decorate(void *self, const struct mesos_event *e, struct mesos_labels *labels)
{
	struct decorator *d = self;

	(void)e;
	for (size_t i = 0; i < mesos_parameters_count(d->parameters); i++) {
		const char *key = mesos_parameters_key(d->parameters, i);
		const char *value = mesos_parameters_value(d->parameters, i);
		int r = 0;

		if (!strcmp(key, "add"))
			r = with_pair(mesos_labels_add, labels, value);
		else if (!strcmp(key, "set"))
			r = with_pair(mesos_labels_set, labels, value);
		else if (!strcmp(key, "remove"))
			mesos_labels_remove(labels, value);
		if (r)
			return r;
	}
	return 0;
}

static void *create(const struct mesos_parameters *parameters)
{
	struct decorator *d = malloc(sizeof(*d));

	if (d)
		d->parameters = parameters;
	return d;
}

static bool compatible(void)
{
	return true;
}

static const struct mesos_hook hook = {
	.size = sizeof(hook),
	.abi = MESOS_MODULE_ABI,
	.master_launch_task_label_decorator = decorate,
	.slave_run_task_label_decorator = decorate,
	.slave_task_status_label_decorator = decorate,
};

const struct mesos_module org_example_labels = {
	MESOS_MODULE_BEGIN,
	.kind = MESOS_HOOK_KIND,
	.author_name = "An Author",
	.author_email = "author@example.org",
	.description = "Adds, sets and removes labels.",
	.compatible = compatible,
	.functions = &hook,
	.create = create,
	.destroy = free,
};
