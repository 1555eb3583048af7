/*
 * Project ids that have a name or a directory in /etc/projid and /etc/projects, as the tools of XFS
 * have them: they are others'.
 */
#pragma once

#include "lib/project_ids.h"

/*
 * Marks as foreign each free id that these files name, of the range or not. For a file that has
 * some of the range calls found (which may be NULL) with how many, and one of them. A file that is
 * not there has none; -errno names one that cannot be read.
 */
int project_names_reserve(struct project_ids *p,
			  void (*found)(const char *path, unsigned count, uint32_t example,
					void *ctx),
			  void *ctx, struct error *e);
