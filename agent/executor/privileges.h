/*
 * What the container's first process gives up for good before it execs: system calls,
 * capabilities, its user.
 */
#pragma once

#include <linux/filter.h>
#include <sys/types.h>

#include "agent/container/plan.h"

/* What the plan says of that, in the types of the system calls. */
struct privileges {
	const struct launch_plan *plan;
	gid_t *groups;
	struct sock_fprog filter; /* len 0: none */
};

/* Before the fork; the plan is the caller's, and has been checked. */
void privileges_init(struct privileges *ret, const struct launch_plan *plan);
void privileges_fini(struct privileges *p);
/* In the child: there is no way back. Allocates nothing. */
int privileges_reduce(const struct privileges *p, struct error *e);
