/* The loop's clock. */
#include "lib/loop.h"

int64_t loop_now(sd_event *loop)
{
	uint64_t usec;
	int r = sd_event_now(loop, CLOCK_MONOTONIC, &usec);

	assert(r >= 0);
	return (int64_t)usec * NSEC_PER_USEC;
}
