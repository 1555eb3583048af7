/*
 * Sandboxes on the disk: what removes one, with what is then empty above it, what opens one, and
 * what finds all. Tasks may have planted links anywhere: everything is relative to descriptors of
 * directories, and no link is followed.
 */
#pragma once

#include <stdatomic.h>

#include "lib/error.h"

/*
 * Removes the sandbox at path (below top, the work directory) and the directories above it that are
 * empty then; that of the agent keep_agent (NULL: of none) stays. First it is given another name,
 * so that after a crash in the middle the rest is known as such; calling this again goes on. One
 * that is not there is success. -ECANCELED soon after *stop was set.
 */
int gc_tree_remove(int top, const char *path, const char *keep_agent, const atomic_bool *stop,
		   struct error *e);

/*
 * Opens the directory of the sandbox at path, or, gone, what is left of one whose removal has
 * begun. Returns the fd, or -1 and errno.
 */
int gc_tree_open(int top, const char *path, bool gone);

/* mtime_ns is since 1970; gone: its removal has begun. */
typedef void gc_tree_found(const char *path, const char *container_id, int64_t mtime_ns, bool gone,
			   void *ctx);
/*
 * Calls found for each directory where sandboxes are, with the path that its sandbox has or had;
 * removes empty directories above, but not that of keep_agent. What cannot be listed is left out
 * and logged.
 */
void gc_tree_find(int top, const char *keep_agent, gc_tree_found *found, void *ctx);
