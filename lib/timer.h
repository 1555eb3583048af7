/* A deadline that may be moved: one monotonic timer of the loop. */
#pragma once

#include <systemd/sd-event.h>

#include "lib/base.h"

/*
 * Replaces *timer (NULL: there is none) by one that calls fn once, ns from now or up
 * to a millisecond later; less than 0 is 0. Without memory or descriptors for it *timer is
 * NULL and the log says so. It ends with sd_event_source_disable_unref().
 */
void timer_set(sd_event *loop, sd_event_source **timer, int64_t ns, sd_event_time_handler_t fn,
	       void *arg);
/*
 * The same, but fn waits until nothing that was received is unread: what it holds against a
 * peer that is silent, the peer may have said while this process was stopped. It may wait
 * for long where the loop is never idle.
 */
void timer_set_patient(sd_event *loop, sd_event_source **timer, int64_t ns,
		       sd_event_time_handler_t fn, void *arg);
/*
 * In a timer's function, with the time that it was due at: whether it is so late that this
 * process stood still (SIGSTOP, a node without memory). What others said meanwhile is unread, and
 * takes several turns of the loop to be heard, from accept(2) on: whoever holds their silence
 * against them listens for TIMER_LISTEN_NS more.
 */
bool timer_late(uint64_t usec);
#define TIMER_LISTEN_NS (5 * NSEC_PER_SEC)
/* A random part of a back-off: getrandom(2), so that not all who wait come back in step. */
int64_t timer_jitter(int64_t ns);
