/*
 * Control groups, version 2: cgroups(7) and the kernel's cgroup-v2.rst. A group is a directory,
 * named by its absolute path; it must have been delegated to whoever calls this.
 */
#pragma once

#include <sys/types.h>

#include "lib/error.h"

/* Where version 2 is mounted. */
#define CGROUP_MOUNT "/sys/fs/cgroup"

/* Whether this directory is a group of version 2. */
bool cgroup_is(const char *path);
/*
 * The group that a process is in, below CGROUP_MOUNT, or NULL: there is none, or it is gone. The
 * caller frees.
 */
char *cgroup_of(pid_t pid);
/* Makes it; that it is there already is no error. */
int cgroup_make(const char *path, struct error *e);
/* A descriptor to be written to by cgroup_enter(), so that this can be done after a fork(2). */
int cgroup_open(const char *path, int *ret, struct error *e);
/* Moves the calling process. Async-signal-safe. A negative errno. */
int cgroup_enter(int fd);
/* Moves another one. */
int cgroup_move(const char *path, pid_t pid, struct error *e);
/*
 * Kills all that is in it and below it, fork bombs too (Linux 5.14), and waits up to wait_ns until
 * nothing is left: -EBUSY if something is then. Nothing to kill and no such group are success.
 */
int cgroup_kill(const char *path, int64_t wait_ns, struct error *e);
/* Removes it and what is below it: nothing may be alive there. */
int cgroup_remove(const char *path, struct error *e);
