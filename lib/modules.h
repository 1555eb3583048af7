/*
 * The modules that an operator has configured, and the hosts that hold them: what --modules or
 * --modules_dir say is read and checked here, loaded there. lib/hooks.h calls those that are hooks.
 */
#pragma once

#include "lib/module_host.h"

/* Modules, of all libraries together. */
#define MODULES_MAX 256
/* What one configuration may be long. */
#define MODULES_CONFIG_MAX  (1 * MIB)
#define HOOK_TIMEOUT_MIN_NS NSEC_PER_MSEC

struct modules;

struct modules_options {
	sd_event *loop;
	struct streams *streams;
	/* Flags of these names; their texts outlive the modules. */
	const char *launcher_dir, *modules, *modules_dir, *module_hosts;
	int64_t hook_timeout;
	uint64_t module_memory;
	/*
	 * A host has loaded its modules again, which know nothing of what was before; or could not.
	 * May be NULL.
	 */
	void (*restarted)(void *ctx, bool loaded);
	void *ctx;
};

/* Those of a record of flags that has lib/flags-modules.def. */
#define MODULES_OPTIONS_OF(f)                                                                      \
	.launcher_dir = (f)->launcher_dir, .modules = (f)->modules,                                \
	.modules_dir = (f)->modules_dir, .module_hosts = (f)->module_hosts,                        \
	.hook_timeout = (f)->hook_timeout, .module_memory = (f)->module_memory

/* Reads what is configured, which may be nothing; starts nothing. -EINVAL. */
int modules_new(const struct modules_options *o, struct modules **ret, struct error *e);
/* Ends the hosts; calls are forgotten. NULL is harmless. */
void modules_free(struct modules *m);
/* Whether a module of this name is configured. */
bool modules_have(const struct modules *m, const char *name);
/* It is to be created, and has to be of this kind. It is there. Before modules_start(). */
void modules_want(struct modules *m, const char *name, const char *kind);
/*
 * Loads all and creates what is wanted. It runs the loop until that is done, so nothing else may be
 * waiting there yet but signals; -EINTR when one of them has ended the loop.
 */
int modules_start(struct modules *m, struct error *e);
/* Who hears of calls that were cancelled while they ran, and have failed; fn may be NULL. */
void modules_watch_unheard(struct modules *m,
			   void (*fn)(void *ctx, const char *module, enum module_function function,
				      const struct error *e),
			   void *ctx);
/* Whether it was loaded, and says that it has this function. */
bool modules_has_function(const struct modules *m, const char *name, enum module_function f);
/* module_host_call() to the host that has what->module, which is there. */
struct host_call *modules_call(struct modules *m, const struct module_call *what,
			       host_call_done *done, void *ctx);
/*
 * What operators see of it, without what is secret; true while i is one of them. ret borrows, and
 * is to be freed with modules_state_fini().
 */
bool modules_state(const struct modules *m, size_t i, struct module_state *ret);
void modules_state_fini(struct module_state *s);
/* Whether the host that has it cannot load it again. */
bool modules_have_lost(const struct modules *m, const char *name);
/* A sentence for each host that cannot load its modules again, or crashes again and again. */
void modules_add_health(const struct modules *m, struct buf *out);
/* Processes that were started again. */
uint64_t modules_restarts(const struct modules *m);
