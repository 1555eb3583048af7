/*
 * The first process of the container: made before the agent allows it to run, held at a
 * gate, then turned into the program of the plan.
 */
#pragma once

#include <sys/types.h>

#include "agent/container/plan.h"

struct init {
	pid_t pid;
	int gate;    /* a byte opens it, closing it ends the child; -EBADF: opened */
	int report;  /* non-blocking; the child's struct error, or EOF for exec'd; -EBADF: read */
	bool set_up; /* it said that only the exec is left */
};

/* init_outcome: neither exec'd nor failed yet. */
#define INIT_PENDING 1
/* init_outcome: it was killed before it came to its exec. */
#define INIT_KILLED 2

/*
 * Makes the child, a leader of its own session and group, with every signal as after
 * boot. It holds copies of the caller's descriptors until it execs.
 */
int init_new(const struct launch_plan *plan, struct init *ret, struct error *e);
/* Lets the child go on; once. That it may be dead already is no error. */
void init_open_gate(struct init *init);
/*
 * 0: the program was exec'd; a negative errno with e: it could not be set up; INIT_PENDING: ask
 * again when `report` is readable; INIT_KILLED.
 */
int init_outcome(struct init *init, struct error *e);
void init_fini(struct init *init);
