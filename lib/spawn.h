/* What every process starts with that we begin by posix_spawn(3). */
#pragma once

#include <spawn.h>

#include "lib/base.h"

/*
 * No signal is blocked, for the loop of a daemon blocks those that it reads itself, and each does
 * what it does by default. flags: more of POSIX_SPAWN_*. 0 or a number of errno.
 */
int spawn_attributes(posix_spawnattr_t *attributes, short flags);
