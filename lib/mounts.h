/*
 * Where a directory is mounted from, and what is mounted below it: /proc/self/mountinfo of proc(5).
 */
#pragma once

#include "lib/error.h"

/* Zero-initialise; mount_fini() accepts that. */
struct mount {
	char *source; /* the device, of most */
	char *target; /* where it is mounted */
	char *type;   /* "xfs" */
	char *root;   /* what of the filesystem is seen there: "/", unless it is a bind mount */
	bool read_only;
	unsigned copies; /* mounts of the same filesystem, this one too */
	char *whole;     /* where all of it is mounted: "/", or the last such place; NULL: none */
};

/* Of an open directory. -ENOENT: its mount is not visible from here. */
int mount_of(int fd, struct mount *ret, struct error *e);
void mount_fini(struct mount *m);

/*
 * Calls found with each mount point below dir (absolute, without links or slashes at its end),
 * relative to it.
 */
int mounts_below(const char *dir, void (*found)(const char *below, void *ctx), void *ctx,
		 struct error *e);
