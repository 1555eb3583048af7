/* Steps of bounded length. */
#include "master/countdown.h"

void countdown_init(struct countdown *c, int64_t ns, int64_t now)
{
	*c = (struct countdown){ .left_ns = ns, .last_ns = now };
}

bool countdown_tick(struct countdown *c, int64_t now)
{
	int64_t step = MIN(now - c->last_ns, COUNTDOWN_STEP_NS);

	c->last_ns = now;
	c->left_ns = MAX(c->left_ns - step, 0);
	return !c->left_ns;
}

int64_t countdown_next(const struct countdown *c)
{
	return MIN(c->left_ns, COUNTDOWN_TICK_NS);
}
