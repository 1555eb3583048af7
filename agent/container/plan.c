/* The table of plan.def. */
#include "agent/container/plan.h"

#include "lib/schema-tables.h"
#include "agent/container/plan.def"
#include "lib/schema-end.h"

void plan_set_variable(struct launch_plan *plan, const char *name, const char *value)
{
	char *text = xasprintf("%s=%s", name, value);
	size_t prefix = strlen(name) + 1;

	for (size_t i = 0; i < plan->environment_count; i++)
		if (!strncmp(plan->environment[i], text, prefix)) {
			free(plan->environment[i]);
			plan->environment[i] = text;
			return;
		}
	plan->environment = xreallocarray(plan->environment, plan->environment_count + 1,
					  sizeof(*plan->environment));
	plan->environment[plan->environment_count++] = text;
}
