/* A store as it is now, read from its files: nothing is locked, written or made. */
#pragma once

#include "lib/buf.h"
#include "lib/error.h"

/*
 * The database in the form of one without a log, for sqlite3_deserialize(). -EBUSY, naming it, if a
 * process has the store open; live: only if that writes faster than we read. -EBADMSG with a clause
 * for a sentence about the store; -ENOENT and others with a sentence of their own.
 */
int store_image_read(const char *path, const char *log, bool live, struct buf *ret,
		     struct error *e);
