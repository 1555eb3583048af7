/* Whether a module may be used by this release, in the order and with the words of Mesos 0.22. */
#pragma once

#include "lib/error.h"
#include "mesos/module.h"

/*
 * symbol is what a library exports as a module called name. ret gets what this host knows of it,
 * zeros behind what it has. version: of this release.
 */
int verify_module(const struct mesos_module *symbol, const char *name, const char *version,
		  struct mesos_module *ret, struct error *e);
/* Whether modules of this kind can be created yet. */
bool kind_is_built(const char *kind);
