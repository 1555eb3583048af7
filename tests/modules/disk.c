/*
 * Decides at disk limits: `decisions` are those in turn, as in "limit=20971520,deny,kill,nothing";
 * the last one stays. Without them the executor's id begins with what it gets: "deny-a",
 * "limit=20971520-b". It may also "crash" or "hang".
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mesos/hook.h>

struct decider {
	char *rest; /* NULL: executors say */
};

static bool is(const char *now, const char *decision)
{
	return strcspn(now, ",-") == strlen(decision) && !strncmp(now, decision, strlen(decision));
}

static int do_as(const char *now, struct mesos_disk_decision *d)
{
	if (!strncmp(now, "limit=", strlen("limit=")))
		return mesos_disk_set_limit(d, strtoull(now + strlen("limit="), NULL, 10));
	if (is(now, "deny"))
		mesos_disk_deny(d);
	if (is(now, "kill"))
		mesos_disk_kill(d);
	if (is(now, "crash"))
		return raise(SIGSEGV);
	if (is(now, "hang"))
		return pause();
	return 0;
}

static const char *take_next(struct decider *all)
{
	const char *now = all->rest, *comma = strchr(now, ',');

	if (comma)
		all->rest += comma + 1 - now;
	return now;
}

static int decide(void *self, const struct mesos_event *e, struct mesos_disk_decision *d)
{
	const char *id = mesos_executor_id(mesos_event_executor(e));
	struct decider *all = self;

	mesos_log("disk limit=%llu used=%llu kills=%d executor=%s container=%s",
		  (unsigned long long)mesos_event_disk_limit(e),
		  (unsigned long long)mesos_event_disk_used(e), mesos_event_disk_kills(e), id,
		  mesos_container_id(mesos_event_container(e)));
	return do_as(all->rest ? take_next(all) : id, d);
}

static void *create(const struct mesos_parameters *parameters)
{
	const char *decisions = mesos_parameter(parameters, "decisions");
	struct decider *all = calloc(1, sizeof(*all));

	if (all && decisions)
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
