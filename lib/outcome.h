/*
 * How a container ended, kept in a file: the line FAILED or EXITED with which mesos-executor
 * tells it, '\n' included, in one block that was reserved when the container was made. The
 * agent reads it when the supervisor is gone and had nobody to tell.
 */
#pragma once

#include "lib/protocol.h"

/* The file is this long from the beginning; what follows the line is zeros. */
#define OUTCOME_BYTES 4096
/* The longest message with all of it escaped, and what is around it. */
static_assert(2 * sizeof(((struct error *)0)->text) + 128 <= OUTCOME_BYTES,
	      "every outcome fits into the block");

/*
 * Reads it; ret is to be freed with message_fini() and is FAILED or EXITED. -ENOENT: there is
 * no such file; -ENODATA: no whole line is in it, because it was not over; -EBADMSG: the line
 * tells something else; or what open(2) and read(2) say: -ELOOP for a symbolic link.
 */
int outcome_read(const char *path, struct message *ret, struct error *e);
