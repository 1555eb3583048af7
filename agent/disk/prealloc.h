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
 * Adds up what is mapped behind the ends of a tree's files (FS_IOC_FIEMAP). What fallocate(2)
 * reserved is the task's own and not counted, nor are extended attributes, which have blocks as
 * well; nor are deleted files, which nobody finds, and files with several names. Only files with
 * more blocks than their size takes are opened, and each counts once. Blocks as long as a scan
 * does; cancel may be NULL. 0, or what scan_tree() says.
 */
int prealloc_bytes(int dirfd, const atomic_bool *cancel, uint64_t *ret, struct error *e);
