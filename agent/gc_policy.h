/* How long a sandbox is kept: without clock, without files. */
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
