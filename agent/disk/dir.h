/*
 * One directory of a tree that is being scanned: how it is opened, looked at
 * and found again, and which of its subdirectories still wait.
 */
#pragma once

#include <stdatomic.h>
#include <sys/stat.h>

#include "agent/disk/scan_bounds.h"
#include "lib/buf.h"
#include "lib/list.h"

struct dir {
	struct dir *parent; /* NULL: the root */
	atomic_uint refs;   /* its place on a stack, and each child */
	uint64_t ino;
	/* While it is open, the rest is guarded by the scan's lock: a thief may look. */
	int fd;           /* -EBADF while parked */
	struct buf names; /* of subdirectories, each terminated */
	size_t next_name; /* offset of the first that still waits */
	struct list node;
};

/* Opens a directory relative to another, with RESOLVE_* of openat2(2). Returns the fd or -1. */
int dir_open(int at, const char *name, uint64_t resolve);
/* What name in the directory fd is, or fd itself if name is empty; 0 or -1, as statx(2). */
int dir_look(int fd, const char *name, struct statx *ret);

/* Takes fd, and one reference on parent (NULL: the root). bounds know what memory it takes. */
struct dir *dir_new(struct dir *parent, int fd, uint64_t ino, struct scan_bounds *bounds);
/*
 * Drops one reference; the last one needs fd to be closed, and bounds forget the memory, that of
 * its names with it. NULL is accepted.
 */
void dir_drop(struct dir *d, struct scan_bounds *bounds);
/* True when a subdirectory has not been taken yet. */
bool dir_waits(const struct dir *d);
/*
 * A second stand-in for the same open directory, which takes the later half of
 * the names, at least one, from d. NULL when there is no descriptor left for it.
 */
struct dir *dir_split(struct dir *d, struct scan_bounds *bounds);
