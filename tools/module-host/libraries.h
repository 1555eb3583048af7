/*
 * The libraries of modules, and the modules that were created. Only load_libraries() changes them.
 */
#pragma once

#include "lib/protocol.h"
#include "mesos/module.h"

/* One that was loaded. */
struct module {
	const char *name;           /* of the call that loaded it, which stays */
	const char *library;        /* its file */
	struct mesos_module symbol; /* what this host knows of it, zeros behind what it has */
	const struct module_config *config;
	void *self; /* NULL: it was not created */
};

/*
 * Loads and verifies all modules of the call, creates those that are wanted and the anonymous ones;
 * with the first error it ends. The call outlives them. The daemon is told of each of it
 * beforehand.
 */
int load_libraries(const struct module_call *call, struct error *e);
/* NULL beyond the last. */
const struct module *module_at(size_t i);
const struct module *module_named(const char *name);
/* Calls destroy of all that were created, in reverse. */
void destroy_modules(void);
