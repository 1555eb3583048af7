/*
 * What XFS gives a file in advance while that grows: blocks behind its end, up to as many as it
 * has, charged like any other until the file is closed, and no writing of the task's (speculative
 * preallocation, xfs(5) allocsize).
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "lib/error.h"

/*
 * Adds up what the files of a tree have behind their ends. What fallocate(2) reserved there is the
 * task's own and not counted; nor are deleted files, which nobody finds, and files with several
 * names. Blocks as long as a scan does; cancel may be NULL. 0, or what scan_tree() says.
 */
int prealloc_bytes(int dirfd, const atomic_bool *cancel, uint64_t *ret, struct error *e);
