/*
 * disk_limit_hook: a container has reached its disk limit, and hooks may decide what becomes of it.
 */
#pragma once

#include "agent/frameworks.h"

/*
 * kills: it is above a limit that ends it, and is ended, with why, unless a hook decides otherwise.
 * Otherwise the kernel has refused it more. Hooks are asked once for each limit that it has, anew
 * if an operator has said it again, and once more if it is above one at which it was only refused
 * more before.
 */
void disk_hooks_reached(struct executor *x, bool kills, const char *why);
/* Its container has ended: no decision is waited for any more. */
void disk_hooks_stop(struct executor *x);
