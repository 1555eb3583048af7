/*
 * What is written to whoever reads standard output or standard error, from within a loop: it may be
 * slow, or stop, and signals are still heard.
 */
#pragma once

#include <systemd/sd-event.h>

#include "lib/error.h"

struct output;

/*
 * fd stays the caller's. gone (which may be NULL) is called when nobody reads it any more, also
 * while nothing is written. SIGPIPE is to be ignored.
 */
int output_new(sd_event *loop, int fd, void (*gone)(void *ctx), void *ctx, struct output **ret,
	       struct error *e);
/* NULL is accepted. */
void output_free(struct output *o);
/*
 * Runs the loop until all of the text is written, or *stop: then the rest is left out. -EPIPE if
 * nobody reads it any more.
 */
int output_write(struct output *o, const char *text, const bool *stop, struct error *e);
/* Writes it if there is room for it, and waits for nothing. */
void output_try(struct output *o, const char *text);
