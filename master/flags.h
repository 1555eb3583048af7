/* The flags of mesos-master: flags.def, and what is behind their text. */
#pragma once

#include "lib/schema.h"

#include "lib/schema-structs.h"
#include "master/flags.def"
#include "lib/schema-end.h"

struct role {
	char *name;
	double weight;
};

/* In the order of --roles, "*" first. */
struct roles {
	struct role *list;
	size_t count;
};

/* NULL stands for a flag that was not given. -EINVAL names the flag and the word. */
int roles_parse(const char *roles, const char *weights, struct roles *ret, struct error *e);
void roles_fini(struct roles *r);
/* NULL if there is none. */
const struct role *roles_find(const struct roles *r, const char *name);

/* "50%", from 0% to 100%. */
int recovery_limit_parse(const char *text, double *ret, struct error *e);

/* Refuses what no master can run with. */
int master_flags_check(const struct master_flags *f, struct error *e);
