/* The bounds of an environment. */
#include "lib/environment.h"

int environment_check(const struct environment *v, struct error *e)
{
	size_t bytes = 0;

	for (size_t i = 0; v && i < v->variables_count; i++) {
		const struct variable *one = &v->variables[i];

		if (!*one->name || strchr(one->name, '=') || !one->value)
			return error_set(e, EINVAL, "environment: '%.64s' is no variable",
					 one->name);
		bytes += strlen(one->name) + strlen(one->value);
	}
	if (v && (v->variables_count > ENVIRONMENT_MAX || bytes > ENVIRONMENT_MAX_BYTES))
		return error_set(e, E2BIG, "the environment has more than %d variables or %d bytes",
				 ENVIRONMENT_MAX, (int)ENVIRONMENT_MAX_BYTES);
	return 0;
}
