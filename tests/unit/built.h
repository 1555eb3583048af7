/* What a test drives of the build tree that it belongs to. */
#pragma once

#include "lib/fs.h"

/* Path of a program or module there; the caller frees. */
static inline char *built(const char *name)
{
	const char *tree = getenv("MESOS_BUILD");

	return path_join(tree ? tree : "build", name);
}
