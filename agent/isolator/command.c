/*
 * What the container runs and the environment it sees: Mesos's variables, then the
 * command's own, which win. Nothing of the agent's environment is passed on.
 */
#include "agent/container/plan.h"
#include "agent/isolator/rows.h"
#include "lib/environment.h"
#include "lib/labels.h"
#include "lib/units.h"

static int add_own(const struct command_info *command, struct launch_plan *plan, struct error *e)
{
	const struct environment *env = command->environment;

	for (size_t i = 0; env && i < env->variables_count; i++) {
		const char *name = env->variables[i].name;

		if (!environment_name(name))
			return error_set(e, EINVAL, "environment: '%s' is not a name", name);
		plan_set_variable(plan, name,
				  env->variables[i].value ? env->variables[i].value : "");
	}
	return 0;
}

/* Of several with the same name the first one stays: it is set last. */
static void set_labels(struct launch_plan *plan, const struct labels *labels)
{
	for (size_t i = labels ? labels->labels_count : 0; i-- > 0;) {
		const struct label *l = &labels->labels[i];
		autofree char *name = labels_variable(l->key);

		plan_set_variable(plan, name, l->value ? l->value : "");
	}
}

/* sh -c for a shell command; otherwise the program, with arguments as its whole argv. */
static int add_argv(const struct command_info *command, struct launch_plan *plan, struct error *e)
{
	if (command->shell) {
		if (!command->value)
			return error_set(e, EINVAL, "command: a shell command needs a value");
		plan->program = xstrdup("/bin/sh"); /* whatever PATH the task brings */
		plan->argv = xcalloc(3, sizeof(*plan->argv));
		plan->argv[plan->argv_count++] = xstrdup("sh");
		plan->argv[plan->argv_count++] = xstrdup("-c");
		plan->argv[plan->argv_count++] = xstrdup(command->value);
		return 0;
	}
	if (!command->value && !command->arguments_count)
		return error_set(e, EINVAL, "command: neither a value nor arguments");
	plan->argv = xcalloc(command->arguments_count + 1, sizeof(*plan->argv));
	if (!command->arguments_count)
		plan->argv[plan->argv_count++] = xstrdup(command->value);
	for (size_t i = 0; i < command->arguments_count; i++)
		plan->argv[plan->argv_count++] = xstrdup(command->arguments[i]);
	if (command->value)
		plan->program = xstrdup(command->value);
	return 0;
}

static int prepare(struct container *c, struct launch_plan *plan, struct error *e)
{
	autobuf struct buf grace = { 0 };

	duration_print(c->grace_ns, &grace);
	plan_set_variable(plan, "PATH", PLAN_PATH);
	plan_set_variable(plan, "USER", c->user);
	set_labels(plan, c->labels);
	for (size_t i = 0; i < c->environment_count; i++)
		plan_set_variable(plan, c->environment[i].name, c->environment[i].value);
	plan_set_variable(plan, "MESOS_DIRECTORY", c->sandbox);
	plan_set_variable(plan, "MESOS_SANDBOX", c->sandbox);
	plan_set_variable(plan, "MESOS_CONTAINER_ID", c->id);
	plan_set_variable(plan, "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD", buf_text(&grace));
	if (add_own(c->command, plan, e))
		return -e->code;
	return add_argv(c->command, plan, e);
}

const struct isolator isolator_command = {
	.doc = "says what the container runs, with which environment",
	.prepare = prepare,
};
