/* What the disk isolators have in common: which limit a container has, and what is said of its use. */
#pragma once

#include "agent/isolator/isolator.h"

/* What it may use: an operator's word, its tasks' disk, or the default; false: no limit. */
bool disk_limit_of(const struct container *c, uint64_t *ret);
void disk_usage(const struct container *c, struct usage *ret);
