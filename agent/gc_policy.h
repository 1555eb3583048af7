/*
 * How long a sandbox is kept, and which paths are those of sandboxes: without clock, without files.
 */
#pragma once

#include "lib/base.h"

/*
 * What is left of the delay, 0 to delay_ns: the wall clock may have been set back or forth since
 * then. It is asked once; after that monotonic time counts.
 */
int64_t gc_left(int64_t delay_ns, int64_t since_wall_ns, int64_t now_wall_ns);
/*
 * How old a sandbox may get on a disk that is used to this part (0 to 1), as in Mesos: the delay,
 * less in proportion to what is used and what is to stay free.
 */
int64_t gc_max_age(int64_t delay_ns, double headroom, double usage);

/* slaves/A/frameworks/F/executors/E/runs/C, relative to work_dir. */
#define GC_PATH_PARTS 8
#define GC_PATH_AGENT 1 /* the index of A */
#define GC_PATH_RUN   7 /* and of C */

struct gc_path {
	char *text; /* what the parts are in */
	const char *part[GC_PATH_PARTS];
};
/* -EINVAL if it is no such path; what it is made of is then freed. */
int gc_path_parse(const char *path, struct gc_path *ret);
void gc_path_fini(struct gc_path *p);
/* The fixed name at this depth, or NULL where any may stand. */
const char *gc_path_fixed(unsigned depth);
