/*
 * The calls that one module host is to answer, in their order: those that are written to it, those
 * that wait for that, and those that cannot wait at all. Whoever owns them says when each of it
 * happens.
 */
#pragma once

#include "lib/list.h"
#include "lib/module_host.h"

struct host_calls {
	struct list waiting; /* those that were sent come first */
	struct list refused; /* are told so in the loop */
	unsigned sent;
	size_t bytes;     /* of the lines of those that wait */
	uint64_t numbers; /* that were given */
	/* One that was cancelled while it ran has failed. */
	void (*unheard)(struct host_calls *q, const struct host_call *c, const struct error *e);
};

struct host_call {
	struct list node;
	struct host_calls *calls;
	struct buf line; /* or, of one that is refused, why */
	char *module;
	enum module_function function;
	uint64_t number;
	bool sent, refused;
	int64_t since_ns;     /* waits since then, or runs if it is the first */
	host_call_done *done; /* NULL: nobody waits for it any more */
	void *ctx;
};

void host_calls_init(struct host_calls *q,
		     void (*unheard)(struct host_calls *q, const struct host_call *c,
				     const struct error *e));
/* Appends one, of which everything is copied; it may be refused. */
struct host_call *host_calls_add(struct host_calls *q, const struct module_call *what,
				 host_call_done *done, void *ctx);
/* The one that runs, or is the next to; NULL: none waits. */
struct host_call *host_calls_first(const struct host_calls *q);
/* What was sent keeps its place, or the results would not fit; anything else is forgotten. */
void host_calls_cancel(struct host_call *c);
/* One that waits is done; if it ran, the time of the next begins now. */
void host_calls_finish(struct host_call *c, struct module_result *result, const struct error *e);
void host_calls_tell_refused(struct host_calls *q);
/* Writes as many as fit. */
void host_calls_write(struct host_calls *q, struct stream *s);
/* The process is gone: all that anybody waits for is to be written to the next one. */
void host_calls_wait_anew(struct host_calls *q);
void host_calls_forget(struct host_calls *q);
