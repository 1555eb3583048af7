/* Message counts of frameworks that share a principal; there while one of them is registered. */
#pragma once

#include "master/master.h"

/* NULL if name is NULL. */
struct principal *principal_get(struct master *m, const char *name);
/* The last one to let go frees it; NULL is accepted. */
void principal_put(struct master *m, struct principal *p);
