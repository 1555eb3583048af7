/*
 * A look at the log of a store before SQLite has it: where a log is damaged, SQLite takes what is
 * in front of that and says nothing. The format: https://www.sqlite.org/fileformat2.html#walformat
 */
#pragma once

#include "lib/buf.h"
#include "lib/error.h"

/* What a log that can be used has. */
struct store_wal {
	bool rows; /* transactions that are whole */
	bool all;  /* these have every page of the database: the file beside them may be blank */
	bool torn; /* the last transaction is not whole: a power cut while it was written */
};

/*
 * No log, or an empty one, has nothing. -EBADMSG with a clause for a sentence about the store ("has
 * a log ...") where damage is in front of what was synced; other codes: it cannot be read.
 */
int store_wal_look(const char *path, struct store_wal *ret, struct error *e);
/*
 * The same, and brings an image of the database up to what its log has, as a checkpoint would.
 * -EFBIG beyond STORE_IMAGE_MAX. After a failure the image is of no use.
 */
#define STORE_IMAGE_MAX GIB
int store_wal_apply(const char *path, struct buf *image, struct error *e);
