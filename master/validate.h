/*
 * What Mesos 0.22 asks of a task before it is launched, with Mesos's sentences. Pure:
 * the master's books are arguments.
 */
#pragma once

#include "lib/resources.h"

/*
 * What is passed on to agents and executors, encoded. Together they stay far below the
 * longest line between daemons, also after they were read and written a few times.
 */
#define FRAMEWORK_INFO_MAX_BYTES (256 * KIB)
#define AGENT_INFO_MAX_BYTES     (256 * KIB)
#define TASK_INFO_MAX_BYTES      (512 * KIB)
/* The name, labels and discovery of a task: what is kept as long as it is shown. */
#define TASK_SHOWN_MAX_BYTES (32 * KIB)

struct launch_context {
	const char *framework_id;
	const char *role;                    /* of the framework */
	const char *agent_id;                /* of the offers */
	const struct resources *available;   /* what is left of the offers */
	const struct executor_info *running; /* executor of that id on the agent; NULL: none */
	bool known;                          /* the framework has a task of this id */
	bool root_allowed;
};

/* What the launch takes out of `available`. The executor's is empty if it runs already. */
struct demand {
	struct resources task, executor;
};

void demand_fini(struct demand *d);
/*
 * The executor's framework_id is filled in already. -EINVAL with the sentence that goes
 * into TASK_ERROR.
 */
int validate_task(const struct task_info *t, const struct launch_context *c, struct demand *ret,
		  struct error *e);
/* -EINVAL with the sentence of an ERROR if it is larger than what agents can be sent. */
int validate_framework_size(const struct framework_info *f, struct error *e);
/* The same for what an agent says of itself, which is written to the registry. */
int validate_agent_size(const struct agent_info *a, struct error *e);
/* The rules of DiskInfo; -EINVAL if one of them is broken. */
int validate_disk(const struct resource *list, size_t count, struct error *e);
