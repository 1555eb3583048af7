/* An environment as modules see it: a struct environment, which only grows within its bounds. */
#include "agent/container/plan_check.h"
#include "lib/environment.h"
#include "lib/utf8.h"
#include "mesos/module.h"

static struct environment *of(const struct mesos_environment *v)
{
	return (struct environment *)(uintptr_t)v;
}

size_t mesos_environment_count(const struct mesos_environment *v)
{
	return v ? of(v)->variables_count : 0;
}

static struct variable *at(const struct mesos_environment *v, size_t i)
{
	return i < mesos_environment_count(v) ? &of(v)->variables[i] : NULL;
}

const char *mesos_environment_name(const struct mesos_environment *v, size_t i)
{
	const struct variable *found = at(v, i);

	return found ? found->name : NULL;
}

const char *mesos_environment_value(const struct mesos_environment *v, size_t i)
{
	const struct variable *found = at(v, i);

	return found ? found->value : NULL;
}

static struct variable *find(const struct mesos_environment *v, const char *name)
{
	for (size_t i = mesos_environment_count(v); name && i-- > 0;)
		if (!strcmp(of(v)->variables[i].name, name))
			return &of(v)->variables[i];
	return NULL;
}

const char *mesos_environment_get(const struct mesos_environment *v, const char *name)
{
	const struct variable *found = find(v, name);

	return found ? (found->value ? found->value : "") : NULL;
}

/* replaced: NULL: it is another one. */
static int check(const struct environment *v, const struct variable *replaced, const char *name,
		 const char *value)
{
	struct error e;

	if (!v)
		return mesos_fail("there is no environment to change");
	if (!name || !environment_name(name) || !value || !utf8_valid(name) || !utf8_valid(value))
		return mesos_fail("a variable has a value, and a name that is not empty and has no "
				  "'='; both are UTF-8");
	if (plan_check_variable(name, value, &e))
		return mesos_fail("%s", e.text);
	if ((!replaced && v->variables_count >= ENVIRONMENT_MAX) ||
	    environment_bytes(v) - variable_bytes(replaced) + strlen(name) + strlen(value) >
		    ENVIRONMENT_MAX_BYTES)
		return mesos_fail("the environment would have more than %d variables or %d bytes",
				  ENVIRONMENT_MAX, (int)ENVIRONMENT_MAX_BYTES);
	return 0;
}

int mesos_environment_set(struct mesos_environment *v, const char *name, const char *value)
{
	struct environment *all = of(v);
	struct variable *found = find(v, name);
	char *set;

	if (check(all, found, name, value))
		return -1;
	set = xstrdup(value);
	if (found) {
		free(found->value);
		found->value = set;
		return 0;
	}
	all->variables =
		xreallocarray(all->variables, all->variables_count + 1, sizeof(*all->variables));
	all->variables[all->variables_count++] =
		(struct variable){ .name = xstrdup(name), .value = set };
	return 0;
}

bool mesos_environment_unset(struct mesos_environment *v, const char *name)
{
	struct environment *all = of(v);
	struct error e;
	autofree char *wanted = name && !plan_check_variable(name, "", &e) ? xstrdup(name) : NULL;
	size_t kept = 0, count = mesos_environment_count(v);

	for (size_t i = 0; wanted && i < count; i++) {
		if (strcmp(all->variables[i].name, wanted) != 0)
			all->variables[kept++] = all->variables[i];
		else
			schema_clear(variable_schema(), &all->variables[i]);
	}
	if (!wanted || !v)
		return false;
	all->variables_count = kept;
	return kept < count;
}
