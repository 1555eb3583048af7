/*
 * A directory of a test's own, made and removed by its fixtures: `dir` is its path, `top` it, open.
 */
#pragma once

#include <fcntl.h>

#include "lib/fs.h"

static char *dir;
static int top;

static inline int place_make(void)
{
	dir = xasprintf("%s/mesos-unit.XXXXXX", getenv("TMPDIR") ?: "/tmp");
	top = mkdtemp(dir) ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	return top < 0;
}

/* With all that is in it. */
static inline int place_remove(void)
{
	struct error why;
	int r = fs_remove_tree(AT_FDCWD, dir, &why);

	close_fd(&top);
	free(take_ptr(dir));
	return r;
}
