/* Pings and misses. */
#include "master/observer.h"

void observer_init(struct observer *o, int64_t interval_ns, uint64_t max_misses, int64_t now)
{
	assert(interval_ns > 0 && max_misses > 0);
	*o = (struct observer){
		.interval_ns = interval_ns,
		.max_misses = max_misses,
		.due_ns = now,
	};
}

/* True when this miss is the one too many. */
static bool miss(struct observer *o)
{
	o->late = true;
	if (o->given_up || ++o->misses < o->max_misses)
		return false;
	o->given_up = true;
	return true;
}

bool observer_would_blame(const struct observer *o, int64_t awake)
{
	return o->waiting && awake - o->asked_ns >= o->interval_ns;
}

enum observer_action observer_tick(struct observer *o, int64_t now, int64_t awake)
{
	bool give_up;

	if (now < o->due_ns)
		return OBSERVER_WAIT;
	give_up = observer_would_blame(o, awake) && miss(o);
	o->waiting = true;
	o->sequence++;
	o->asked_ns = awake;
	o->due_ns = now + o->interval_ns;
	return give_up ? OBSERVER_GIVE_UP : OBSERVER_PING;
}

void observer_pong(struct observer *o)
{
	observer_forgive(o);
	o->waiting = false;
	o->late = false;
}

void observer_forgive(struct observer *o)
{
	o->misses = 0;
	o->given_up = false;
}

int64_t observer_ping_timeout_ns(const struct observer *o)
{
	return o->interval_ns * (int64_t)MAX(o->max_misses - 1, 1) + o->interval_ns / 2;
}
