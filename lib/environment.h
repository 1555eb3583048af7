/* Variables, and an environment that somebody else has made: what they may be. */
#pragma once

#include "lib/protocol.h"

/* The launch plan has bounds of its own. */
#define ENVIRONMENT_MAX       4096
#define ENVIRONMENT_MAX_BYTES (512 * KIB)

/* Whether it can be the name of a variable. */
bool environment_name(const char *name);
/* Of its name and value; NULL: 0. */
size_t variable_bytes(const struct variable *v);
/* Of all of them together; NULL: there are none. */
size_t environment_bytes(const struct environment *v);
/*
 * Whether all variables have a value, and a name that can be one, and are within both. NULL: there
 * are none. -EINVAL, -E2BIG.
 */
int environment_check(const struct environment *v, struct error *e);
