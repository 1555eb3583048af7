/* Bounded memory of ids. */
#include "master/idset.h"

static void drop(struct idset *s, struct idset_entry *x)
{
	HASH_DEL(s->entries, x);
	free(x);
}

void idset_fini(struct idset *s)
{
	while (s->entries)
		drop(s, s->entries);
}

bool idset_has(const struct idset *s, const char *id)
{
	struct idset_entry *x;

	HASH_FIND_STR(s->entries, id, x);
	return x;
}

const char *idset_next_out(const struct idset *s)
{
	return HASH_COUNT(s->entries) >= IDSET_MAX ? s->entries->id : NULL;
}

void idset_add(struct idset *s, const char *id)
{
	size_t n = strlen(id);
	struct idset_entry *x;

	if (idset_has(s, id))
		return;
	if (HASH_COUNT(s->entries) >= IDSET_MAX)
		drop(s, s->entries);
	x = xmalloc(sizeof(*x) + n + 1);
	memcpy(x->id, id, n + 1);
	HASH_ADD_KEYPTR(hh, s->entries, x->id, n, x);
}
