/*
 * The task that mesos-execute is to run: what the flags say, checked, and what it
 * becomes on an offer. No connection is needed for any of it.
 */
#pragma once

#include "lib/resources.h"

#include "lib/schema-structs.h"
#include "tools/execute-flags.def"
#include "lib/schema-end.h"

/* Zero-initialise. */
struct wish {
	const struct execute_flags *flags;
	struct resources resources;
};

/*
 * Checks what the flags say about the task, and fills in the user if they do not name
 * one: getpwuid(3). They must outlive the wish. -EINVAL names the flag.
 */
int wish_init(struct wish *w, struct execute_flags *flags, struct error *e);
void wish_fini(struct wish *w);
/* True if the offer has enough: the zeroed *ret becomes the task to launch; schema_clear() it. */
bool wish_fits(const struct wish *w, const struct offer *offer, struct task_info *ret);
/* How much of what is asked is there, from 0 to 1: to tell which offer came nearest. */
double wish_share(const struct wish *w, const struct resources *offered);
