/* Ages of garbage. */
#include "agent/gc_policy.h"

int64_t gc_left(int64_t delay_ns, int64_t since_wall_ns, int64_t now_wall_ns)
{
	int64_t age;

	if (__builtin_sub_overflow(now_wall_ns, since_wall_ns, &age))
		return now_wall_ns > since_wall_ns ? 0 : delay_ns;
	return age <= 0 ? delay_ns : MAX(delay_ns - age, 0);
}

int64_t gc_max_age(int64_t delay_ns, double headroom, double usage)
{
	double part = 1 - headroom - usage;

	return part <= 0 ? 0 : (int64_t)((double)delay_ns * MIN(part, 1));
}
