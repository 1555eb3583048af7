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

enum observer_action observer_tick(struct observer *o, int64_t now)
{
	if (now < o->due_ns)
		return OBSERVER_WAIT;
	if (o->waiting && ++o->misses >= o->max_misses)
		return OBSERVER_GIVE_UP;
	o->waiting = true;
	o->sequence++;
	o->due_ns = now + o->interval_ns;
	return OBSERVER_PING;
}

void observer_pong(struct observer *o)
{
	o->waiting = false;
	o->misses = 0;
}

int64_t observer_ping_timeout_ns(const struct observer *o)
{
	return o->interval_ns * (int64_t)MAX(o->max_misses - 1, 1);
}
