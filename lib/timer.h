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
