/* mesos-local, shared between its halves: what is to run, and running it. */
#pragma once

#include <stdio.h>

#include "tools/local-child.h"
#include "tools/query.h"

#include "lib/schema-structs.h"
#include "tools/local-flags.def"
#include "lib/schema-end.h"

#define LOCAL_PROGRAM "mesos-local"

/* What went wrong, in one sentence on standard error. */
#define complain(fmt, ...) fprintf(stderr, LOCAL_PROGRAM ": " fmt "\n", __VA_ARGS__)

enum status {
	STATUS_OK = 0,
	STATUS_FAILED = 1,
	STATUS_USAGE = 2, /* also when a daemon finds what it was given unusable */
};

struct local {
	struct local_flags flags;
	sd_event *loop;
	struct streams *streams;
	sd_event_source *ready, *step, *deadline;
	char *bin_dir, *work_dir;
	char *master;           /* its address */
	bool temporary;         /* work_dir */
	struct child *children; /* the master, then the agents */
	size_t count, started;
	size_t asked; /* the child whose word is awaited; those before it are up */
	struct query *query;
	bool up, stopping;
	enum status status;
};

/*
 * From the flags to what is to run, and a directory for it. On failure work_dir may have
 * been made already.
 */
int local_setup(struct local *l, struct error *e);
/* The command line of a child. */
void local_args(const struct local *l, size_t child, struct args *ret);
/* The --runtime_dir of an agent; the caller frees. */
char *local_runtime_dir(const struct local *l, size_t child);
/* Says what runs where, and what to try next. */
void local_announce(const struct local *l);
