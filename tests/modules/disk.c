/* Decides at disk limits: `decisions` are those in turn, as in "limit=20971520,deny,kill,nothing"; the last one stays. */
#include <stdlib.h>
#include <string.h>

#include <mesos/hook.h>

struct decider {
	char *rest;
};

static int decide(void *self, const struct mesos_event *e, struct mesos_disk_decision *d)
{
	struct decider *all = self;
	char *now = all->rest, *comma = strchr(now, ',');

	mesos_log("disk limit=%llu used=%llu kills=%d executor=%s container=%s",
		  (unsigned long long)mesos_event_disk_limit(e),
		  (unsigned long long)mesos_event_disk_used(e), mesos_event_disk_kills(e),
		  mesos_executor_id(mesos_event_executor(e)),
		  mesos_container_id(mesos_event_container(e)));
	if (comma) {
		*comma = '\0';
		all->rest = comma + 1;
	}
	if (!strncmp(now, "limit=", strlen("limit=")))
		return mesos_disk_set_limit(d, strtoull(now + strlen("limit="), NULL, 10));
	if (!strcmp(now, "deny"))
		mesos_disk_deny(d);
	if (!strcmp(now, "kill"))
		mesos_disk_kill(d);
	return 0;
}

static void *create(const struct mesos_parameters *parameters)
{
	const char *decisions = mesos_parameter(parameters, "decisions");
	struct decider *all = decisions ? malloc(sizeof(*all)) : NULL;

	if (!decisions)
		mesos_fail("parameter 'decisions' is missing");
	if (all)
		all->rest = strdup(decisions);
	return all;
}

static bool compatible(void)
{
	return true;
}

static const struct mesos_hook hook = {
	.size = sizeof(hook),
	.abi = MESOS_MODULE_ABI,
	.disk_limit_hook = decide,
};

MESOS_MODULE(org_example_disk) = {
	MESOS_MODULE_BEGIN,
	.kind = MESOS_HOOK_KIND,
	.author_name = "An Author",
	.author_email = "author@example.org",
	.description = "Decides what becomes of a container at its disk limit.",
	.compatible = compatible,
	.functions = &hook,
	.create = create,
};
