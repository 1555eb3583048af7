/* An environment that somebody else has made: what it may be. */
#pragma once

#include "lib/protocol.h"

/* The launch plan has bounds of its own. */
#define ENVIRONMENT_MAX       4096
#define ENVIRONMENT_MAX_BYTES (512 * KIB)

/* Whether all variables have a value, and a name that can be one, and are within both. NULL: there are none. -EINVAL, -E2BIG. */
int environment_check(const struct environment *v, struct error *e);
