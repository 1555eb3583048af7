/*
 * What goes over a tree to do something with its files, not to add them up: a scan for a visitor
 * alone, and how that opens a file which it is shown.
 */
#pragma once

#include "agent/disk/scan.h"

/*
 * scan_tree() for a visitor: on this thread, as fast as it goes, within the mount. cancel may be
 * NULL.
 */
int visit_tree(int dirfd, const struct scan_visitor *visitor, const atomic_bool *cancel,
	       struct scan_result *ret, struct error *e);
/*
 * The regular file behind a name, to read: waits for no other end of a pipe, wakes no device,
 * follows no link. -1 and errno, which is ENXIO or ELOOP if the name is no regular file's any more.
 */
int visit_open_file(int dirfd, const char *name);
