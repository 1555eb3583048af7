/* The three times that decide. */
#include "agent/fullness.h"

bool fullness_set_full(struct fullness *f, int64_t now)
{
	f->room_since_ns = 0;
	if (f->full)
		return false;
	f->full = true;
	f->again = f->was_full && now - f->full_until_ns < FULLNESS_STEADY_NS;
	return true;
}

bool fullness_look(struct fullness *f, bool room, int64_t now)
{
	if (!f->full || !room) {
		f->room_since_ns = 0;
		return false;
	}
	if (!f->room_since_ns)
		f->room_since_ns = now;
	if (f->again && now - f->room_since_ns < FULLNESS_STEADY_NS)
		return false;
	f->full = false;
	f->was_full = true;
	f->full_until_ns = now;
	return true;
}
