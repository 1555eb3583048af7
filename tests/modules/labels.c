/*
 * Decorates labels: of its parameters `add` adds a label, `set` sets one, each is "key=value" or
 * "key"; `remove` takes away all with a key, and `read` adds a variable of its host's environment.
 * `fail` fails with this text.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mesos/hook.h>

struct decorator {
	const struct mesos_parameters *parameters;
};

typedef int change(struct mesos_labels *labels, const char *key, const char *value);

static int with_pair(change *fn, struct mesos_labels *labels, const char *pair)
{
	const char *equals = strchr(pair, '=');
	char key[256];

	if (!equals)
		return fn(labels, pair, NULL);
	snprintf(key, sizeof(key), "%.*s", (int)(equals - pair), pair);
	return fn(labels, key, equals + 1);
}

static int follow(const char *key, const char *value, struct mesos_labels *labels)
{
	if (!strcmp(key, "add"))
		return with_pair(mesos_labels_add, labels, value);
	if (!strcmp(key, "set"))
		return with_pair(mesos_labels_set, labels, value);
	if (!strcmp(key, "read"))
		return mesos_labels_add(labels, value, getenv(value));
	if (!strcmp(key, "fail"))
		return mesos_fail("%s", value);
	mesos_labels_remove(labels, value);
	return 0;
}

static int decorate(void *self, const struct mesos_event *e, struct mesos_labels *labels)
{
	struct decorator *d = self;
	int r = 0;

	(void)e;
	for (size_t i = 0; !r && i < mesos_parameters_count(d->parameters); i++)
		r = follow(mesos_parameters_key(d->parameters, i),
			   mesos_parameters_value(d->parameters, i), labels);
	return r;
}

static void *create(const struct mesos_parameters *parameters)
{
	static const char *const known[] = { "add", "set", "read", "fail", "remove" };
	struct decorator *d;

	for (size_t i = 0; i < mesos_parameters_count(parameters); i++) {
		size_t k = 0;

		while (k < 5 && strcmp(known[k], mesos_parameters_key(parameters, i)) != 0)
			k++;
		if (k == 5) {
			mesos_fail("parameter '%s' is unknown",
				   mesos_parameters_key(parameters, i));
			return NULL;
		}
	}
	d = malloc(sizeof(*d));
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

#define LABELS(name)                                                                               \
	MESOS_MODULE(name) = {                                                                     \
		MESOS_MODULE_BEGIN,                                                                \
		.kind = MESOS_HOOK_KIND,                                                           \
		.author_name = "An Author",                                                        \
		.author_email = "author@example.org",                                              \
		.description = "Adds, sets and removes labels.",                                   \
		.compatible = compatible,                                                          \
		.functions = &hook,                                                                \
		.create = create,                                                                  \
		.destroy = free,                                                                   \
	}

/* For who wants several one after the other. */
LABELS(org_example_labels);
LABELS(org_example_labels_2);
LABELS(org_example_labels_3);
