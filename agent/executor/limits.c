/* Open files first: a limit of the plan may say otherwise. */
#include "agent/executor/limits.h"

static int limit_open_files(const struct launch_plan *plan, struct error *e)
{
	struct rlimit limit;

	if (!plan->has_open_files)
		return 0;
	if (getrlimit(RLIMIT_NOFILE, &limit))
		return error_sys(e, "read the limit of open files");
	limit.rlim_cur = MIN((rlim_t)plan->open_files, limit.rlim_max);
	if (setrlimit(RLIMIT_NOFILE, &limit))
		return error_sys(e, "limit open files");
	return 0;
}

int limits_set(const struct launch_plan *plan, struct error *e)
{
	if (limit_open_files(plan, e))
		return -e->code;
	for (size_t i = 0; i < plan->limits_count; i++) {
		const struct plan_limit *l = &plan->limits[i];
		struct rlimit limit = {
			.rlim_cur = l->has_soft ? l->soft : RLIM_INFINITY,
			.rlim_max = l->has_hard ? l->hard : RLIM_INFINITY,
		};

		if (setrlimit((int)l->name, &limit))
			return error_sys(e, "set the limit %s",
					 enum_name(resource_limit_values, (int)l->name));
	}
	return 0;
}
