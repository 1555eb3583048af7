/* From a container to a plan, and from the plan to a mesos-executor process. */
#pragma once

#include "agent/container/container.h"

/* A job: runs the isolators' prepare, which make c->plan. */
int container_prepare(struct container *c, struct error *e);
/* Puts the finished plan into c->plan_fd, a memfd. */
int container_write_plan(struct container *c, struct error *e);
/* Starts mesos-executor with the plan: posix_spawn(3), for a fork of a grown agent costs 20 ms. */
int container_spawn(struct container *c, struct error *e);
