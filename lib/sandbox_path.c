/* One table: who makes, reads or walks such a path has the names from here. */
#include "lib/sandbox_path.h"

#define GONE ".gone-"

static const char *const fixed[SANDBOX_PATH_PARTS] = {
	[0] = "slaves",
	[2] = "frameworks",
	[4] = "executors",
	[6] = "runs",
};

/* In `runs` the names that begin with a dot, and the link to the newest, are the agent's own. */
static bool fits(const char *part, unsigned depth)
{
	if (fixed[depth])
		return str_equal(part, fixed[depth]);
	if (depth == SANDBOX_PATH_RUN)
		return *part && *part != '.';
	return *part && !str_equal(part, ".") && !str_equal(part, "..");
}

int sandbox_path_parse(const char *path, struct sandbox_path *ret)
{
	struct sandbox_path p = { .text = xstrdup(path) };
	char *rest = p.text;
	unsigned n = 0;

	while (rest && n < SANDBOX_PATH_PARTS) {
		p.part[n] = strsep(&rest, "/");
		if (!fits(p.part[n], n))
			break;
		n++;
	}
	if (n < SANDBOX_PATH_PARTS || rest) {
		sandbox_path_fini(&p);
		return -EINVAL;
	}
	*ret = p;
	return 0;
}

void sandbox_path_fini(struct sandbox_path *p)
{
	free(p->text);
	*p = (struct sandbox_path){ 0 };
}

bool sandbox_path_is(const char *path)
{
	struct sandbox_path p;

	if (sandbox_path_parse(path, &p))
		return false;
	sandbox_path_fini(&p);
	return true;
}

const char *sandbox_path_fixed(unsigned depth)
{
	assert(depth < SANDBOX_PATH_PARTS);
	return fixed[depth];
}

char *sandbox_path_gone(const char *id)
{
	return xasprintf(GONE "%s", id);
}

const char *sandbox_path_id(const char *name, bool *gone)
{
	*gone = str_starts(name, GONE);
	return *gone ? name + strlen(GONE) : name;
}

char *sandbox_path_make(const char *agent, const char *framework, const char *executor,
			const char *container)
{
	return xasprintf("%s/%s/%s/%s/%s/%s/%s/%s", fixed[0], agent, fixed[2], framework, fixed[4],
			 executor, fixed[6], container);
}
