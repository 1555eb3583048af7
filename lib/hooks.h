/*
 * The modules of --hooks, called one after the other for each thing that happens: what a decorator
 * makes is what the next one sees. A hook that fails has changed nothing; --hook_failure says
 * whether what was to happen goes on.
 */
#pragma once

#include "lib/list.h"
#include "lib/metrics.h"
#include "lib/modules.h"

/* Numbers that isolators tell of one container. */
#define HOOK_USAGE_MAX 64

struct hooks;

struct hooks_options {
	struct modules *modules;
	/* Flags of these names. */
	const char *hooks, *hook_failure;
	uint64_t hook_failures_max;
	uint64_t functions; /* that this daemon calls: a bit for each enum module_function */
	/* A function of a hook was disabled. May be NULL. */
	void (*disabled)(void *ctx);
	void *ctx;
};

#define HOOKS_OPTIONS_OF(f)                                                                        \
	.hooks = (f)->hooks, .hook_failure = (f)->hook_failure,                                    \
	.hook_failures_max = (f)->hook_failures_max

/* Says to the modules which are wanted: before modules_start(). -EINVAL. */
int hooks_new(const struct hooks_options *o, struct hooks **ret, struct error *e);
/*
 * A module that --isolation names, which is configured: its functions are called like those of
 * hooks, behind those that were added before. What its prepare and isolate say is always the last
 * word. Before modules_start(). -EINVAL if it is there already.
 */
int hooks_add_isolator(struct hooks *h, const char *name, struct error *e);
/* Before modules_free(). No run goes on. NULL is harmless. */
void hooks_free(struct hooks *h);
/* modules_start(), and a line in the log for each hook that this daemon will never call. */
int hooks_start(struct hooks *h, struct error *e);

/*
 * One thing that happens, embedded in what it happens to; zeroed when it does not run. The caller
 * fills in subject and call, which the run owns, with what labels and environment are before the
 * hooks are called.
 */
struct hook_run {
	char *subject; /* for the log: "task x" */
	struct module_call call;
	/*
	 * When all were called, perhaps from within hooks_run() or at the end of another run:
	 * call.labels and call.environment are what they have made. failed: it is a launch that
	 * must not go on, and error says which of them has failed. hook_run_fini() is to follow, or
	 * hooks_run() for another function.
	 */
	void (*done)(struct hook_run *r);
	bool failed;
	struct error error;
	enum disk_decision decision;
	uint64_t limit_bytes;

	/* The hooks' own. */
	struct list node; /* in hooks->waiting, while a call of it waits */
	struct hooks *hooks;
	size_t next;
	int64_t since_ns;
	struct host_call *waiting; /* for this call; NULL: it does not run */
};

/* Whether any hook wants to hear of it; without hooks (NULL) none does. */
bool hooks_wanted(const struct hooks *h, enum module_function f);
/* Calls the hooks that want function, one after the other; without any it is done at once. */
void hooks_run(struct hooks *h, enum module_function f, struct hook_run *r);
/* Stops it, if it goes on, and frees what it owns. */
void hook_run_fini(struct hook_run *r);
/*
 * All modules as operators see them, without what is secret; borrowed, and freed by
 * hooks_forget_modules().
 */
void hooks_list_modules(const struct hooks *h, struct answer_modules *ret);
void hooks_forget_modules(struct answer_modules *list);
/* The same as JSON, for /modules. */
void hooks_add_modules(const struct hooks *h, struct buf *out);
/*
 * Why no launch would pass: a function that must not be left out cannot be called any more, or not
 * now. NULL: it is not so.
 */
const char *hooks_missing(const struct hooks *h);
/*
 * A sentence for each function that was disabled, and each process of modules that does not come
 * back.
 */
void hooks_add_health(const struct hooks *h, struct buf *out);
/* Calls, errors, timeouts and times of each; for metrics_write(). */
struct metrics hooks_metrics(struct hooks *h);
/* The same without values, for who describes them. */
const struct metric *hooks_metrics_table(void);
