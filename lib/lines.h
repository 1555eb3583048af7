/*
 * Bytes in, lines out, whatever the pieces in which they arrive. What was looked at
 * is not looked at again and a byte is moved at most twice, so the cost is
 * proportional to what was received.
 */
#pragma once

#include "lib/buf.h"

/* Set max before the first byte; it may be changed later. Everything else starts as zero. */
struct lines {
	struct buf in;
	size_t taken;   /* bytes of in that lines_next() gave out */
	size_t scanned; /* bytes of in that hold no unseen end of a line */
	size_t max;     /* the longest line in bytes, without its end */
};

#define LINES_TAKEN 1

void lines_fini(struct lines *l);
/*
 * Where the next n bytes, at least one, may be written, by read(2) for instance; follow it with
 * lines_added(). Ends the life of every line given out before.
 */
char *lines_reserve(struct lines *l, size_t n);
/* n bytes, not more than were reserved, were written there. */
void lines_added(struct lines *l, size_t n);
/*
 * LINES_TAKEN: the next complete line that is not empty, without its '\n' or "\r\n",
 * terminated and writable until the next lines_reserve(). It may hold NUL bytes: len is its
 * length. 0: none is complete. -EMSGSIZE: a line is longer than max, complete or not;
 * where the next one begins cannot be known, and every later call says the same.
 */
int lines_next(struct lines *l, char **ret, size_t *len);
