/* The plan as mesos-executor receives it. */
#pragma once

#include "agent/container/plan.h"

/*
 * Reads the plan from PLAN_FD, closes that, and checks all that can be checked before
 * acting. -ENOENT: there is no plan; -EINVAL or -EFBIG: it is wrong, with what is wrong.
 * The caller clears ret with launch_plan_schema(); it is empty on failure.
 */
int plan_fd_read(struct launch_plan *ret, struct error *e);
