/*
 * Which capabilities(7) tasks have. A set of them is a word with a bit for each, by its number.
 */
#pragma once

#include "agent/container/container.h"

/* What a container under a disk quota has, unless its task asked for something else. */
uint64_t capabilities_default(void);
/* What this process may ever have: its bounding set. */
uint64_t capabilities_bounding(void);
/* What mesos-executor has when we start it. */
uint64_t capabilities_inherited(void);
/* Those that a task or a flag names. -EINVAL: one is unknown. */
int capabilities_decode(const struct capability_info *names, uint64_t *ret, struct error *e);
/* The text of --bounding_capabilities; NULL stands for the default. */
int capabilities_parse(const char *text, struct capabilities_allowed *ret, struct error *e);
/*
 * What a task gets that asks for these (NULL: for nothing in particular), where at most `allowed`
 * are given and we have `own`. -EPERM: it cannot be given that.
 */
int capabilities_grant(const struct capability_info *asked, uint64_t allowed, uint64_t own,
		       uint64_t *ret, struct error *e);
