/*
 * A mesos-module-host as its daemon sees it: the process, the calls that wait for it, their
 * deadlines, and its restart after it crashed, hung or was too large. Calls are begun one after the
 * other in their order; only the one that runs is blamed for what happens to the process, the
 * others are made anew.
 */
#pragma once

#include "lib/peer.h"

/* Libraries have to be loaded and their modules created in this time. */
#define MODULE_LOAD_NS (10 * NSEC_PER_SEC)
/* Between the end of a host and the next: doubled until one has answered a call. */
#define MODULE_PAUSE_MIN_NS (100 * NSEC_PER_MSEC)
#define MODULE_PAUSE_MAX_NS (30 * NSEC_PER_SEC)
/* Descriptor of the socket in the new process. */
#define MODULE_HOST_FD 3
/*
 * The status with which it ends between two calls because it has more than memory_bytes: nobody is
 * blamed for it.
 */
#define MODULE_HOST_TOO_LARGE 77
/* With which it ends when its connection has. */
#define MODULE_HOST_HUNG_UP 78

struct module_host;
struct host_call;

struct module_host_options {
	sd_event *loop;
	struct streams *streams;
	const char *name;               /* for the log */
	const char *path;               /* of mesos-module-host */
	const struct module_call *load; /* the first call of each process */
	int64_t timeout_ns;             /* of each other one */
	uint64_t memory_bytes;
	/*
	 * A process has loaded all, or has not: result is NULL then and e says why. Each time, the
	 * first failure is the last: no other process is started before module_host_start().
	 */
	void (*loaded)(void *ctx, const struct module_result *result, const struct error *e);
	/* A call that was cancelled while it ran has failed: its code is as for host_call_done. */
	void (*unheard)(void *ctx, const char *module, enum module_function function,
			const struct error *e);
	void *ctx;
};

/* How a call ended without a result. */
#define HOST_CALL_FAILED  EREMOTEIO /* the function says so */
#define HOST_CALL_CRASHED ECHILD    /* its process ended, or sent nonsense */
#define HOST_CALL_LATE    ETIMEDOUT

/*
 * In the loop: result is NULL if there is none, and e says why, its code is one of the above, or
 * EAGAIN: no process was there in time, or the call is too long for one, and the function was not
 * called.
 */
typedef void host_call_done(void *ctx, struct module_result *result, const struct error *e);

/* All of it outlives the host. Nothing is started yet. */
struct module_host *module_host_new(const struct module_host_options *o);
/* Starts the process; loaded() follows. */
void module_host_start(struct module_host *h);
/*
 * Lets the process end: of several all may do so at once. Nothing but module_host_free() follows.
 */
void module_host_end(struct module_host *h);
/* Ends the process, in two seconds at most, and forgets the calls. NULL is harmless. */
void module_host_free(struct module_host *h);
/*
 * Appends a call, of which everything is copied. done, which is not NULL, is called once, never
 * from here.
 */
struct host_call *module_host_call(struct module_host *h, const struct module_call *what,
				   host_call_done *done, void *ctx);
/* done is not called any more. */
void host_call_cancel(struct host_call *c);
/* 0: there is no process. */
pid_t module_host_pid(const struct module_host *h);
/*
 * Why the last process that was started could not load its modules; NULL: it has, or is at it for
 * the first time.
 */
const char *module_host_trouble(const struct module_host *h);
/*
 * Processes in a row that have ended by themselves soon after they had loaded all, and before they
 * had answered a call.
 */
unsigned module_host_crashes(const struct module_host *h);
/* Processes that were started after the first. */
uint64_t module_host_restarts(const struct module_host *h);
