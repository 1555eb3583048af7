/* sd_event_add_time(3), so that nobody forgets the timer that was there before. */
#include "lib/timer.h"

#include <sys/random.h>

#include "lib/log.h"

/* The turns of a busy loop are shorter. */
#define LATE_NS (500 * NSEC_PER_MSEC)

void timer_set(sd_event *loop, sd_event_source **timer, int64_t ns, sd_event_time_handler_t fn,
	       void *arg)
{
	uint64_t usec = ((uint64_t)MAX(ns, 0) + NSEC_PER_USEC - 1) / NSEC_PER_USEC;
	int r;

	*timer = sd_event_source_disable_unref(*timer);
	r = sd_event_add_time_relative(loop, timer, CLOCK_MONOTONIC, usec,
				       NSEC_PER_MSEC / NSEC_PER_USEC, fn, arg);
	if (r < 0)
		log_error("timer: cannot be set: %s", strerror(-r));
}

void timer_set_patient(sd_event *loop, sd_event_source **timer, int64_t ns,
		       sd_event_time_handler_t fn, void *arg)
{
	timer_set(loop, timer, ns, fn, arg);
	if (*timer)
		sd_event_source_set_priority(*timer, SD_EVENT_PRIORITY_IDLE);
}

bool timer_late(uint64_t usec)
{
	return now_ns() - (int64_t)usec * NSEC_PER_USEC > LATE_NS;
}

int64_t timer_jitter(int64_t ns)
{
	uint64_t random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random) || ns <= 0)
		return ns;
	return (int64_t)(random % (uint64_t)ns);
}
