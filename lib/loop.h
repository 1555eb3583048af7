/* What all who live in the loop ask of it. */
#pragma once

#include <systemd/sd-event.h>

#include "lib/base.h"

/*
 * When this turn of the loop began, in monotonic nanoseconds: one clock for all that
 * happens in it, sd_event_now(3).
 */
int64_t loop_now(sd_event *loop);
