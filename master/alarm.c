/* The clock's beat, and timers that ask it. */
#include "master/alarm.h"

#include "lib/log.h"
#include "lib/timer.h"

/* No deadline is farther away: sums of times stay in range. */
#define FARTHEST_NS (INT64_MAX / 4)

static void note(struct alarms *s)
{
	int64_t now = now_ns(), before = s->awake.noted_ns;

	if (awake_note(&s->awake, now))
		log_warning("the master stood still for %.1f s: nobody is blamed for that time",
			    ns_seconds(now - before));
}

static int on_beat(sd_event_source *source unused, uint64_t usec unused, void *arg)
{
	struct alarms *s = arg;

	note(s);
	timer_set(s->loop, &s->beat, AWAKE_BEAT_NS, on_beat, s);
	return 0;
}

void alarms_start(struct alarms *s, sd_event *loop, int64_t grace_ns)
{
	*s = (struct alarms){ .loop = loop };
	awake_init(&s->awake, grace_ns, now_ns());
	on_beat(NULL, 0, s);
}

void alarms_stop(struct alarms *s)
{
	s->beat = sd_event_source_disable_unref(s->beat);
}

int64_t alarms_now(const struct alarms *s)
{
	return awake_time(&s->awake, now_ns());
}

void alarm_cancel(struct alarm *a)
{
	a->timer = sd_event_source_disable_unref(a->timer);
	a->idle = sd_event_source_disable_unref(a->idle);
}

bool alarm_is_set(const struct alarm *a)
{
	return a->timer;
}

/* In how long the clock shows that it is due; 0: it does, and it runs. */
static int64_t left(const struct alarm *a)
{
	const struct awake *w = &a->alarms->awake;
	int64_t now = now_ns();

	return MAX(a->due_ns - awake_time(w, now), 0) + awake_pause(w, now);
}

/* It may free who set the alarm. */
static void go_off(struct alarm *a)
{
	alarm_cancel(a);
	a->fn(a->arg);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *arg);

static void arm(struct alarm *a)
{
	timer_set(a->alarms->loop, &a->timer, left(a), on_timer, a);
}

static int on_idle(sd_event_source *source unused, uint64_t usec unused, void *arg)
{
	struct alarm *a = arg;

	note(a->alarms);
	if (!awake_pause(&a->alarms->awake, now_ns())) {
		go_off(a);
		return 0;
	}
	a->idle = sd_event_source_disable_unref(a->idle);
	arm(a);
	return 0;
}

/* First when it is due; then when its patience is over. */
static int on_timer(sd_event_source *source unused, uint64_t usec unused, void *arg)
{
	struct alarm *a = arg;

	note(a->alarms);
	if (left(a)) {
		a->idle = sd_event_source_disable_unref(a->idle);
	} else if (a->idle) {
		go_off(a);
		return 0;
	} else {
		timer_set_patient(a->alarms->loop, &a->idle, 0, on_idle, a);
		a->due_ns = alarms_now(a->alarms) + ALARM_PATIENCE_NS;
	}
	arm(a);
	return 0;
}

void alarm_set(struct alarms *s, struct alarm *a, int64_t ns, void (*fn)(void *arg), void *arg)
{
	alarm_cancel(a);
	a->alarms = s;
	a->due_ns = alarms_now(s) + MIN(MAX(ns, 0), FARTHEST_NS);
	a->fn = fn;
	a->arg = arg;
	arm(a);
}
