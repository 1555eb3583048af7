/*
 * Modules: shared libraries that extend the daemons. A library exports one struct mesos_module for
 * each module in it, whose symbol is the module's name. Only mesos-module-host loads it, a process
 * beside the daemon: it calls one function of one module at a time, and a call that takes longer
 * than --hook_timeout, or crashes, costs that process and not the daemon.
 *
 * Structs begin with their size and only grow at their end, so that a module that is compiled today
 * loads tomorrow. What a function is given is opaque and belongs to the host, strings of it too:
 * all of it is gone when the function returns. Text is UTF-8.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mesos/version.h"

#if defined(__GNUC__)
#define MESOS_PRINTF(text, rest) __attribute__((format(printf, text, rest)))
#define MESOS_VISIBLE            __attribute__((visibility("default")))
#else
#define MESOS_PRINTF(text, rest)
#define MESOS_VISIBLE
#endif

#ifdef __cplusplus
#define MESOS_EXTERN extern "C"
extern "C" {
#else
#define MESOS_EXTERN extern
#endif

/* Of Mesos's modules; a host loads those that say the same. */
#define MESOS_MODULE_API_VERSION "2"
/* Of these structs and functions: a host loads modules up to its own. */
#define MESOS_MODULE_ABI 1

/* ---- parameters: what --modules says of a module ---- */

struct mesos_parameters;

/* The value of the first one with this key; NULL: there is none. */
const char *mesos_parameter(const struct mesos_parameters *p, const char *key);
size_t mesos_parameters_count(const struct mesos_parameters *p);
/* NULL beyond the last. */
const char *mesos_parameters_key(const struct mesos_parameters *p, size_t i);
const char *mesos_parameters_value(const struct mesos_parameters *p, size_t i);

/* ---- a module ---- */

struct mesos_module {
	uint32_t size;             /* sizeof(struct mesos_module) */
	uint32_t abi;              /* MESOS_MODULE_ABI */
	const char *api_version;   /* MESOS_MODULE_API_VERSION */
	const char *mesos_version; /* MESOS_VERSION */
	const char *kind; /* MESOS_HOOK_KIND, MESOS_ISOLATOR_KIND or MESOS_ANONYMOUS_KIND */
	const char *author_name;
	const char *author_email;
	const char *description;
	/*
	 * Whether it works with the release that loads it, which is later than mesos_version. NULL:
	 * it works with none but that.
	 */
	bool (*compatible)(void);
	/*
	 * Its functions: a struct mesos_hook or mesos_isolator, as kind says; NULL of an anonymous
	 * one.
	 */
	const void *functions;
	/*
	 * Once before any other; what it returns is the first argument of them all. NULL: it
	 * cannot, see mesos_fail().
	 */
	void *(*create)(const struct mesos_parameters *parameters);
	/* At the end, unless the host is killed, within a second; may be NULL. */
	void (*destroy)(void *self);
};

/*
 * What a library exports, `MESOS_MODULE(org_example_rack) = { MESOS_MODULE_BEGIN, .kind =
 * MESOS_HOOK_KIND, ... };`, also when all else in it is hidden. C++ before C++20 has no such
 * initialisers: there a function makes one.
 */
#define MESOS_MODULE(name)                                                                         \
	MESOS_EXTERN MESOS_VISIBLE const struct mesos_module name;                                 \
	const struct mesos_module name
/* Its first members. */
#define MESOS_MODULE_BEGIN                                                                         \
	.size = sizeof(struct mesos_module), .abi = MESOS_MODULE_ABI,                              \
	.api_version = MESOS_MODULE_API_VERSION, .mesos_version = MESOS_VERSION

/* ---- what any function may call ---- */

/*
 * Says why a function fails, in one sentence without an end, and returns -1: `return mesos_fail("no
 * such rack: %s", rack);`. In create the NULL is the failure.
 */
int mesos_fail(const char *format, ...) MESOS_PRINTF(1, 2);
/* A line of the daemon's log. */
void mesos_log(const char *format, ...) MESOS_PRINTF(1, 2);
/* The version of the daemon, as in "0.22.0". */
const char *mesos_host_version(void);

/* ---- labels ---- */

struct mesos_labels;

size_t mesos_labels_count(const struct mesos_labels *l);
/* NULL beyond the last. */
const char *mesos_labels_key(const struct mesos_labels *l, size_t i);
/* NULL also for a label without a value. */
const char *mesos_labels_value(const struct mesos_labels *l, size_t i);
/* The first with this key, or the count if there is none. */
size_t mesos_labels_find(const struct mesos_labels *l, const char *key);
/*
 * These return 0, or -1 as mesos_fail() does: no UTF-8, an empty key, too much. value may be NULL.
 */
int mesos_labels_add(struct mesos_labels *l, const char *key, const char *value);
/* It is the only one with this key then, in the place of the first that was. */
int mesos_labels_set(struct mesos_labels *l, const char *key, const char *value);
/* All with this key; how many there were. */
size_t mesos_labels_remove(struct mesos_labels *l, const char *key);

/* ---- environment ---- */

struct mesos_environment;

size_t mesos_environment_count(const struct mesos_environment *v);
/* NULL beyond the last. */
const char *mesos_environment_name(const struct mesos_environment *v, size_t i);
const char *mesos_environment_value(const struct mesos_environment *v, size_t i);
/* NULL: not set. */
const char *mesos_environment_get(const struct mesos_environment *v, const char *name);
/*
 * 0, or -1 as mesos_fail() does: a name that is none, no UTF-8, too much, or a variable by which a
 * container knows itself and its agent, as MESOS_SANDBOX: those cannot be unset either.
 */
int mesos_environment_set(struct mesos_environment *v, const char *name, const char *value);
/* Whether it was set. */
bool mesos_environment_unset(struct mesos_environment *v, const char *name);

/* ---- who and what a call is about ---- */

struct mesos_task;
struct mesos_executor;
struct mesos_framework;
struct mesos_agent;
struct mesos_status;
struct mesos_container;

/* What is optional in the Mesos v1 API may be NULL here. */
const char *mesos_task_id(const struct mesos_task *t);
const char *mesos_task_name(const struct mesos_task *t);
/* NULL: it has an executor of its framework's own. */
const char *mesos_task_command(const struct mesos_task *t);
/* What its framework has set for its command; NULL: nothing. */
const struct mesos_environment *mesos_task_environment(const struct mesos_task *t);
const struct mesos_labels *mesos_task_labels(const struct mesos_task *t);
/* How much of a resource it is given, all roles together, as in mem and disk in MB; 0: none. */
double mesos_task_resource(const struct mesos_task *t, const char *name);

const char *mesos_executor_id(const struct mesos_executor *x);
const char *mesos_executor_name(const struct mesos_executor *x);
const char *mesos_executor_source(const struct mesos_executor *x);
const char *mesos_executor_command(const struct mesos_executor *x);
const struct mesos_environment *mesos_executor_environment(const struct mesos_executor *x);
const struct mesos_labels *mesos_executor_labels(const struct mesos_executor *x);

const char *mesos_framework_id(const struct mesos_framework *f);
const char *mesos_framework_name(const struct mesos_framework *f);
const char *mesos_framework_user(const struct mesos_framework *f);
const char *mesos_framework_role(const struct mesos_framework *f);
const char *mesos_framework_principal(const struct mesos_framework *f);
const struct mesos_labels *mesos_framework_labels(const struct mesos_framework *f);

const char *mesos_agent_id(const struct mesos_agent *a);
const char *mesos_agent_hostname(const struct mesos_agent *a);
/*
 * The text of an attribute, numbers as --attributes has them; NULL: it has no such one, or it is no
 * text and no number.
 */
const char *mesos_agent_attribute(const struct mesos_agent *a, const char *name);

/* TASK_RUNNING and so on. */
const char *mesos_status_state(const struct mesos_status *s);
const char *mesos_status_message(const struct mesos_status *s);
/* REASON_CONTAINER_LIMITATION_DISK and so on. */
const char *mesos_status_reason(const struct mesos_status *s);

const char *mesos_container_id(const struct mesos_container *c);
/* Absolute path. */
const char *mesos_container_sandbox(const struct mesos_container *c);
const char *mesos_container_user(const struct mesos_container *c);
/* All that its tasks and its executor are given; as mesos_task_resource(). */
double mesos_container_resource(const struct mesos_container *c, const char *name);
/* Of its first process, as the agent sees it; 0: it has none yet. */
int64_t mesos_container_pid(const struct mesos_container *c);

#ifdef __cplusplus
}
#endif
