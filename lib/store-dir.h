/* The directory of a store. */
#pragma once

#include "lib/error.h"

/* Makes it at need. -ENOTSUP on a file system that forgets, or is far away: statfs(2). */
int store_dir_make(const char *dir, struct error *e);
/* Syncs it and those above it, which may be new: SQLite ignores what fsync(2) says there. */
int store_dir_sync(const char *dir, struct error *e);
