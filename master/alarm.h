/*
 * Deadlines for others: agents that should answer, frameworks that should come back. They run on
 * the clock of master/awake.h, and before one is over all that has arrived is read, if the
 * loop comes to that within ALARM_PATIENCE_NS.
 */
#pragma once

#include <systemd/sd-event.h>

#include "master/awake.h"

/* Where the loop is never idle, an alarm waits no longer than this for it. */
#define ALARM_PATIENCE_NS (2 * NSEC_PER_SEC)

/* Their clock, one for all of them. */
struct alarms {
	sd_event *loop;
	struct awake awake;
	sd_event_source *beat;
};

/* Embedded in what waits; all zero is one that is not set. */
struct alarm {
	struct alarms *alarms;
	int64_t due_ns;         /* on the clock of the alarms */
	sd_event_source *timer; /* NULL: it is not set */
	sd_event_source *idle;  /* it is due: when nothing is unread */
	void (*fn)(void *arg);
	void *arg;
};

/* grace_ns: how long others have to be heard again after we stood still. */
void alarms_start(struct alarms *s, sd_event *loop, int64_t grace_ns);
void alarms_stop(struct alarms *s);
int64_t alarms_now(const struct alarms *s);
/* Calls fn once, never inside this call, when ns have passed. Replaces what was set before. */
void alarm_set(struct alarms *s, struct alarm *a, int64_t ns, void (*fn)(void *arg), void *arg);
/* Harmless if it is not set. */
void alarm_cancel(struct alarm *a);
bool alarm_is_set(const struct alarm *a);
