/* A loop that runs until something is so: the patience is that of the slowest machine. */
#pragma once

#include <systemd/sd-event.h>

#include "lib/base.h"

#define PATIENCE_US (120 * NSEC_PER_SEC / NSEC_PER_USEC)
/* Whether something happened; it is dealt with. */
static inline bool loop_runs(sd_event *loop)
{
	return sd_event_run(loop, PATIENCE_US) > 0;
}

/* Fails the test if nothing happens any more. */
#define RUN_UNTIL(loop, cond)                                                                      \
	while (!(cond))                                                                            \
	assert_true(loop_runs(loop))
