/* The process of a module host: how it begins and what goes with it. */
#pragma once

#include <sys/types.h>

#include "lib/base.h"

/*
 * fd becomes its socket, output takes what it prints; both stay the caller's. A number of errno,
 * with ret untouched.
 */
int module_process_spawn(const char *path, uint64_t memory_bytes, int fd, int output, pid_t *ret);
/*
 * Ends it and whom it has forked, who are in its group unless they have left that. It is not reaped
 * yet.
 */
void module_process_kill(pid_t pid);
