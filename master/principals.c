/* Reference counts on a table of names. */
#include "master/principals.h"

struct principal *principal_get(struct master *m, const char *name)
{
	struct principal *p;
	size_t n;

	if (!name)
		return NULL;
	HASH_FIND_STR(m->principals, name, p);
	if (!p) {
		n = strlen(name);
		p = xcalloc(1, sizeof(*p) + n + 1);
		memcpy(p->name, name, n + 1);
		HASH_ADD_KEYPTR(hh, m->principals, p->name, n, p);
	}
	p->frameworks++;
	return p;
}

void principal_put(struct master *m, struct principal *p)
{
	if (!p)
		return;
	assert(p->frameworks);
	if (--p->frameworks)
		return;
	HASH_DEL(m->principals, p);
	free(p);
}
