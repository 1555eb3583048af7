/* A set of ids that remembers the newest MAX of them: who was removed and may not come back. */
#pragma once

#include <uthash.h>

#include "lib/base.h"

#define IDSET_MAX 100000

struct idset_entry {
	UT_hash_handle hh;
	char id[];
};

/* Zero-initialise. */
struct idset {
	struct idset_entry *entries; /* uthash keeps them in the order of their coming */
};

void idset_fini(struct idset *s);
/* The oldest goes when there are IDSET_MAX; an id that is there stays where it is. */
void idset_add(struct idset *s, const char *id);
/* The one that goes when another comes; NULL: there is room. */
const char *idset_next_out(const struct idset *s);
bool idset_has(const struct idset *s, const char *id);
