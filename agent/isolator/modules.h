/*
 * Isolator modules: those that --isolation names beside the built-in ones. Their functions run in
 * the module host and are called from the loop, in the order of --isolation, after the built-in
 * isolators.
 */
#pragma once

#include "agent/container/container.h"

/* why is NULL: all of them agree. Not called when the node is stopped. */
typedef void isolator_modules_done(struct container *c, const struct error *why);

/* What modules are told of a container, hooks too; user NULL, pid 0: not known (any more). */
struct module_container *isolator_modules_describe(const char *id, const char *sandbox,
						   const char *user, pid_t pid,
						   const struct resources *resources);
/* Lets them add to c->plan, which is there; done follows, perhaps from here. */
void isolator_modules_prepare(struct container *c, isolator_modules_done *done);
/* Its first process waits; done follows, perhaps from here. */
void isolator_modules_isolate(struct container *c, isolator_modules_done *done);
/* UPDATE, RECOVER or CLEANUP: nobody waits for it, and a failure is in the log. */
void isolator_modules_tell(const struct container *c, enum module_function f);
/*
 * A host was started again, and knows of nothing that runs; all modules hear of it, those of other
 * hosts too.
 */
void isolator_modules_recover(const struct container_node *node);
/* Asks what it uses, for c->usage. */
void isolator_modules_ask_usage(struct container *c);
/* Forgets what is going on, without a word; before the hooks are freed. */
void isolator_modules_stop(struct container_node *node);
