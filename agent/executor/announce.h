/*
 * What a command task finds on its standard output besides its own words: the lines that
 * the command executor of Mesos 0.22 wrote there. Custom executors (no task_id) get none.
 */
#pragma once

#include <sys/types.h>

#include "agent/container/plan.h"

/* Before the program runs, so that its own output comes after. */
void announce_start(const struct launch_plan *plan, pid_t pid);
/* status is that of waitpid(2). */
void announce_end(const struct launch_plan *plan, pid_t pid, int status);
