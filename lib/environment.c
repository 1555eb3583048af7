/* The bounds of an environment. */
#include "lib/environment.h"

bool environment_name(const char *name)
{
	return *name && !strchr(name, '=');
}

size_t variable_bytes(const struct variable *v)
{
	return v ? strlen(v->name) + (v->value ? strlen(v->value) : 0) : 0;
}

size_t environment_bytes(const struct environment *v)
{
	size_t sum = 0;

	for (size_t i = 0; v && i < v->variables_count; i++)
		sum += variable_bytes(&v->variables[i]);
	return sum;
}

int environment_check(const struct environment *v, struct error *e)
{
	for (size_t i = 0; v && i < v->variables_count; i++)
		if (!environment_name(v->variables[i].name) || !v->variables[i].value)
			return error_set(e, EINVAL, "environment: '%.64s' is no variable",
					 v->variables[i].name);
	if (v &&
	    (v->variables_count > ENVIRONMENT_MAX || environment_bytes(v) > ENVIRONMENT_MAX_BYTES))
		return error_set(e, E2BIG, "the environment has more than %d variables or %d bytes",
				 ENVIRONMENT_MAX, (int)ENVIRONMENT_MAX_BYTES);
	return 0;
}
