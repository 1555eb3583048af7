/*
 * The file that says how the container ended, for an agent that was away then. Its one block
 * is there from the beginning, so that a disk which is full by then does not matter. Read by
 * outcome_read().
 */
#pragma once

#include "lib/outcome.h"

/*
 * Makes the file, which must not be there, in a directory that is; it and its name are on disk
 * then. *ret is the caller's, close-on-exec. A negative errno: there is no such file.
 */
int record_make(const char *path, int *ret, struct error *e);
/* Puts the line there, once; it is on disk then. path is for the error. */
int record_write(int fd, const char *path, const char *line, size_t len, struct error *e);
