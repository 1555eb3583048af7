/* Accessors of isolators: each addition is checked when it is made. */
#include "tools/module-host/plan.h"

#include <math.h>

#include "agent/container/plan_check.h"
#include "lib/hooks.h"
#include "lib/utf8.h"
#include "mesos/isolator.h"

int planning_begin(struct planning *ret, const struct module_call *call, struct error *e)
{
	*ret = (struct planning){ .sandbox = call->container ? call->container->sandbox : "/" };
	return call->additions
		       ? schema_decode(plan_additions_schema(), call->additions, &ret->additions, e)
		       : 0;
}

void planning_end(struct planning *p, struct module_call *call)
{
	autobuf struct buf text = { 0 };

	schema_encode(plan_additions_schema(), &p->additions, &text);
	json_decref(call->additions);
	call->additions = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
	schema_clear(plan_additions_schema(), &p->additions);
}

static struct planning *of(struct mesos_plan *p)
{
	return (void *)p;
}

static char *unconst(const char *text)
{
	return (char *)(uintptr_t)text;
}

int mesos_plan_set_environment(struct mesos_plan *p, const char *name, const char *value)
{
	struct plan_additions *a = &of(p)->additions;
	struct error e;

	if (!name || !value)
		return mesos_fail("environment: a variable has a name and a value");
	if (plan_check_variable(name, value, &e))
		return mesos_fail("%s", e.text);
	if (a->environment_count == PLAN_ARGUMENTS_MAX)
		return mesos_fail("environment: more than %d variables", PLAN_ARGUMENTS_MAX);
	a->environment =
		xreallocarray(a->environment, a->environment_count + 1, sizeof(*a->environment));
	a->environment[a->environment_count++] = xasprintf("%s=%s", name, value);
	return 0;
}

static int add_mount(struct planning *p, const struct plan_mount *m)
{
	struct plan_additions *a = &p->additions;
	struct error e;

	if (!m->target)
		return mesos_fail("target: a mount has one");
	if (plan_check_mount(m, p->sandbox, &e))
		return mesos_fail("%s", e.text);
	if (a->mounts_count == PLAN_MOUNTS_MAX)
		return mesos_fail("mounts: more than %d", PLAN_MOUNTS_MAX);
	a->mounts = xreallocarray(a->mounts, a->mounts_count + 1, sizeof(*a->mounts));
	schema_copy_into(plan_mount_schema(), &a->mounts[a->mounts_count++], m);
	return 0;
}

int mesos_plan_bind(struct mesos_plan *p, const char *source, const char *target, bool read_only)
{
	const struct plan_mount m = {
		.source = unconst(source),
		.target = unconst(target),
		.read_only = read_only,
		.has_read_only = true,
	};

	return source ? add_mount(of(p), &m) : mesos_fail("source: a bind mount has one");
}

int mesos_plan_tmpfs(struct mesos_plan *p, const char *target, uint64_t bytes)
{
	const struct plan_mount m = { .target = unconst(target), .size = bytes, .has_size = true };

	return add_mount(of(p), &m);
}

int mesos_plan_limit(struct mesos_plan *p, const char *name, uint64_t soft, uint64_t hard)
{
	struct plan_additions *a = &of(p)->additions;
	struct plan_limit l = {
		.has_name = true,
		.soft = soft,
		.has_soft = soft != MESOS_NO_LIMIT,
		.hard = hard,
		.has_hard = hard != MESOS_NO_LIMIT,
	};
	size_t i = 0;
	struct error e;

	if (!name || plan_check_resource(name, &l.name, &e) || plan_check_limit(&l, &e))
		return mesos_fail("%s", name ? e.text : "limit: it has a name");
	while (i < a->limits_count && a->limits[i].name != l.name)
		i++;
	if (i == a->limits_count)
		a->limits = xreallocarray(a->limits, ++a->limits_count, sizeof(*a->limits));
	a->limits[i] = l;
	return 0;
}

int mesos_plan_command(struct mesos_plan *p, const char *const *argv)
{
	struct plan_additions *a = &of(p)->additions;
	struct plan_command c = { .argv = (char **)(uintptr_t)argv };
	struct error e;

	while (argv && argv[c.argv_count])
		c.argv_count++;
	if (plan_check_command(&c, &e))
		return mesos_fail("%s", e.text);
	if (a->pre_exec_count == PLAN_COMMANDS_MAX)
		return mesos_fail("pre_exec: more than %d", PLAN_COMMANDS_MAX);
	a->pre_exec = xreallocarray(a->pre_exec, a->pre_exec_count + 1, sizeof(*a->pre_exec));
	schema_copy_into(plan_command_schema(), &a->pre_exec[a->pre_exec_count++], &c);
	return 0;
}

int mesos_usage_set(struct mesos_usage *u, const char *name, double value)
{
	struct module_call *call = (void *)u;

	if (!name || !*name || !utf8_valid(name) || strlen(name) > NAME_MAX || !isfinite(value))
		return mesos_fail("usage: a number is finite, and has a name of at most %d bytes",
				  NAME_MAX);
	for (size_t i = 0; i < call->usage_count; i++)
		if (!strcmp(call->usage[i].name, name)) {
			call->usage[i].value = value;
			return 0;
		}
	if (call->usage_count == HOOK_USAGE_MAX)
		return mesos_fail("usage: more than %d numbers", HOOK_USAGE_MAX);
	call->usage = xreallocarray(call->usage, call->usage_count + 1, sizeof(*call->usage));
	call->usage[call->usage_count++] = (struct usage_value){
		.name = xstrdup(name),
		.value = value,
		.has_value = true,
	};
	return 0;
}
