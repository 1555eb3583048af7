/* The hooks of an executor: before its container is made, and after it has ended. */
#pragma once

#include "agent/frameworks.h"
#include "lib/hooks.h"

/* Copies of what every hook of it is told; the rest is the caller's to add. */
void executor_hooks_describe(const struct executor *x, struct hook_run *ret);
/*
 * slave_executor_environment_decorator, then slave_pre_launch_hook. passed() follows, perhaps from
 * here; or its container is refused.
 */
void executor_hooks_launch(struct executor *x, void (*passed)(struct executor *x));
/* Its container has ended; those of the launch are not waited for any more. */
void executor_hooks_stop(struct executor *x);
/* slave_remove_executor_hook: it is about to be past. Nobody waits for that. */
void executor_hooks_removed(const struct executor *x);
/* Those that nobody waits for; at the end of the agent. */
void executor_hooks_forget(struct agent *a);
