/*
 * A daemon that mesos-local started. It dies with mesos-local, however that ends: it is
 * this program again for a moment, which asks the kernel for a signal at the death of
 * its parent (PR_SET_PDEATHSIG, prctl(2)) and then becomes the daemon.
 */
#pragma once

#include <sys/types.h>
#include <systemd/sd-event.h>

#include "lib/error.h"

struct child {
	char *name;    /* "master", "agent0" */
	char *log;     /* file of its standard output and error */
	char *address; /* where its HTTP is */
	int end;       /* the signal that ends it, and what it has started */
	pid_t pid;     /* 0: does not run */
	sd_event_source *exit;
};

/* An argv that grows; always ends with NULL. */
struct args {
	char **list;
	size_t count;
};

void args_add(struct args *a, const char *fmt, ...) format_printf(2, 3);
void args_fini(struct args *a);

/* First thing in main(): does not return if this process is to become a daemon. */
void child_become(int argc, char **argv);
/*
 * Starts argv (argv[0] is the program's path) in a process group of its own, with
 * /dev/null as input and c->log as output: posix_spawn(3).
 */
int child_start(struct child *c, const struct args *args, struct error *e);
/* Harmless if it does not run. */
void child_end(const struct child *c);
void child_kill(const struct child *c);
/* The last lines of its log, on standard error. */
void child_show_log(const struct child *c);
void child_fini(struct child *c);
