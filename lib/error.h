/*
 * What went wrong, in one sentence that an operator can act on.
 *
 * A function returns 0 on success and a negative errno on failure; positive
 * values are outcomes that its header documents. Whatever a user may read takes
 * a `struct error *e` as its last parameter, which is untouched on success.
 * Nobody logs and returns: wrap and return, and main or an event callback logs.
 */
#pragma once

#include <limits.h>

#include "lib/base.h"

/* No pointers inside: a child before exec hands its error over with one write(2). */
struct error {
	int code;        /* errno, positive */
	char text[1532]; /* always terminated */
};
static_assert(sizeof(struct error) <= PIPE_BUF, "one write() must be atomic");

/* Sets our own words; code is a positive errno. Returns -code. */
int error_set(struct error *e, int code, const char *fmt, ...) format_printf(3, 4);
/* Sets "<words>: <text of errno>" with the current errno. Returns -errno. */
int error_sys(struct error *e, const char *fmt, ...) format_printf(2, 3);
/*
 * Whether it may go well the next time although nobody has mended anything: no memory, descriptor
 * or room was left, a disk had an error, it or an address is not there yet, or another process has
 * what this one needs: perhaps its predecessor, which a disk that hangs keeps from dying.
 */
bool error_may_pass(const struct error *e);
/* Puts "<words>: " in front of what is there. Returns -e->code. */
int error_wrap(struct error *e, const char *fmt, ...) format_printf(2, 3);
