/*
 * The descendants of a process and how to end them. The supervisor is their subreaper
 * (PR_SET_CHILD_SUBREAPER of prctl(2)), so none of them can leave its tree.
 */
#pragma once

#include <sys/types.h>

#include "lib/base.h"

struct process {
	pid_t pid;
	pid_t parent;
	uint64_t start; /* clock ticks after boot: with the pid, which process it is */
	pid_t top;      /* the child of the root that is above it, or itself */
	bool zombie;
};

struct tree {
	int proc;   /* an open /proc, proc(5); the caller's */
	pid_t root; /* whose descendants these are */
	/* What the last tree_find() found, sorted by pid. */
	struct process *list;
	size_t count, cap;
	/* How many of these the last tree_signal() or tree_kill() was not permitted to signal. */
	size_t denied;
};

void tree_init(struct tree *t, int proc, pid_t root);
void tree_fini(struct tree *t);
/*
 * Lists every descendant, zombies included, because a zombie's other threads may live. By
 * /proc/PID/task/TID/children, or by the parents of all processes where the kernel has
 * no such file (CONFIG_PROC_CHILDREN). A process that is born meanwhile may be missing.
 */
void tree_find(struct tree *t);
/* Lists every process there is, whoever's descendant it is; `top` is not set. */
void tree_find_all(struct tree *t);
/*
 * Sends sig to that very process, whoever has its pid by now. -ESRCH: it is gone; -EPERM:
 * it changed its user.
 */
int tree_deliver(int proc, const struct process *p, int sig);
/* Sends sig to each descendant, as far as permitted. The root must be the caller. */
void tree_signal(struct tree *t, int sig);
/*
 * Stops all descendants until no new one appears, then kills them, so that a fork
 * bomb finds nobody to refill it. `leader` is a child of the root that is not yet
 * reaped and leads a process group, or 0. What was born too late is left: repeat until
 * waitpid(2) says ECHILD.
 */
void tree_kill(struct tree *t, pid_t leader);
