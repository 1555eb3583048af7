/*
 * What may be added to a launch plan. The agent asks for each addition of a module when it is
 * made, mesos-executor for the whole plan before it acts. Pure: whether a path is there, and what
 * leads to it, shows when the plan is carried out. Each error is one sentence that begins with the
 * field; all return 0 or -EINVAL.
 */
#pragma once

#include "agent/container/plan.h"

#define PLAN_MOUNTS_MAX    64
#define PLAN_COMMANDS_MAX  32
#define PLAN_ARGUMENTS_MAX 256 /* and variables, of a command */
/*
 * Of an argument, or of a variable with its name: MAX_ARG_STRLEN of the kernel, which exec keeps
 * to.
 */
#define PLAN_TEXT_MAX (128 * KIB - 1)

/*
 * A variable for the container's command: not one by which the agent says who the container is,
 * where it lives and how it finds and proves itself to its agent.
 */
int plan_check_variable(const char *name, const char *value, struct error *e);
/* sandbox is the absolute path of the container's directory, which no mount may hide. */
int plan_check_mount(const struct plan_mount *m, const char *sandbox, struct error *e);
/* A resource by its name, for plan_limit. */
int plan_check_resource(const char *name, enum resource_limit *ret, struct error *e);
int plan_check_limit(const struct plan_limit *l, struct error *e);
int plan_check_command(const struct plan_command *c, struct error *e);
/* All mounts, limits and commands of a plan, and how many they are. */
int plan_check(const struct launch_plan *p, struct error *e);
