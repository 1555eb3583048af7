/* Small file and path helpers. Every descriptor is close-on-exec. */
#pragma once

#include <stdatomic.h>

#include "lib/buf.h"
#include "lib/error.h"

/* "a/b"; the caller frees. */
char *path_join(const char *a, const char *b);
/* Of an absolute path, itself or the nearest above it that is there; the caller frees. */
char *path_existing(const char *path);
/* The same path without the slashes that say nothing: several in a row, and those at the end. */
char *path_plain(const char *path);
/* Creates every missing directory of path; -ENOTDIR if something else is there. */
int fs_mkdirs(const char *path, unsigned mode, struct error *e);
/* Appends the whole file to ret, or nothing; refuses more than max_bytes (EFBIG). */
int fs_read(const char *path, size_t max_bytes, struct buf *ret, struct error *e);
/* Writes all n bytes or fails with -errno: write(2) in a loop. */
int fs_write_all(int fd, const void *data, size_t n);
/*
 * Removes a tree without following a symbolic link; a missing one is success. Directories that
 * their owner has closed are opened if we may, and closed to all others: chmod(2), chown(2). What
 * fails keeps nothing else from being removed; it is told after that. -EBUSY if somebody makes
 * files in it all the same, as fast as they are removed, or it is deeper than one call goes: some
 * of it is left.
 */
int fs_remove_tree(int dirfd, const char *name, struct error *e);
/* The same, but -ECANCELED soon after *stop was set: some of it is left. */
int fs_remove_tree_unless(int dirfd, const char *name, const atomic_bool *stop, struct error *e);
