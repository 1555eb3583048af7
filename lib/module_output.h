/* What a module host prints: lines in the log of its daemon. */
#pragma once

#include <systemd/sd-event.h>

#include "lib/buf.h"
#include "lib/log.h"

/* After the first of a second: modules that talk without end must not fill the disk with it. */
#define MODULE_LINES_MORE 199

struct module_output {
	const char *name; /* of the host, borrowed */
	int fd;           /* -EBADF: not open */
	sd_event_source *source;
	struct buf text; /* read, and not a whole line yet */
	struct log_limit limit;
};

/* Closed. */
void module_output_init(struct module_output *o, const char *name);
/*
 * From then on lines are logged in the loop; *ret is the end to write to, which the caller closes.
 * -errno.
 */
int module_output_open(struct module_output *o, sd_event *loop, int *ret);
/* The process is gone: what it has printed last is logged, also without an end of its line. */
void module_output_close(struct module_output *o);
