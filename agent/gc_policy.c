/* Ages and paths of garbage. */
#include "agent/gc_policy.h"

static const char *const fixed[GC_PATH_PARTS] = {
	[0] = "slaves",
	[2] = "frameworks",
	[4] = "executors",
	[6] = "runs",
};

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

/* In `runs` the names that begin with a dot, and the link to the newest, are the agent's own. */
static bool fits(const char *part, unsigned depth)
{
	if (fixed[depth])
		return str_equal(part, fixed[depth]);
	if (depth == GC_PATH_RUN)
		return *part && *part != '.';
	return *part && !str_equal(part, ".") && !str_equal(part, "..");
}

int gc_path_parse(const char *path, struct gc_path *ret)
{
	struct gc_path p = { .text = xstrdup(path) };
	char *rest = p.text;
	unsigned n = 0;

	while (rest && n < GC_PATH_PARTS) {
		p.part[n] = strsep(&rest, "/");
		if (!fits(p.part[n], n))
			break;
		n++;
	}
	if (n < GC_PATH_PARTS || rest) {
		gc_path_fini(&p);
		return -EINVAL;
	}
	*ret = p;
	return 0;
}

void gc_path_fini(struct gc_path *p)
{
	free(p->text);
	*p = (struct gc_path){ 0 };
}

const char *gc_path_fixed(unsigned depth)
{
	assert(depth < GC_PATH_PARTS);
	return fixed[depth];
}
