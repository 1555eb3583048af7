/*
 * Rows that survive: records in a SQLite database, in WAL mode with synchronous=FULL. One
 * thread owns the database and writes batches; the loop hands it what gathered in a turn and
 * goes on. What depends on a row waits for its batch (group commit). An I/O error ends the
 * process at once, with a sentence in the log: after a failed fsync(2) nobody knows what is
 * on disk, and the next start does.
 */
#pragma once

#include <systemd/sd-event.h>

#include "lib/list.h"
#include "lib/schema.h"

struct store;

/*
 * One table. Its columns are the fields of the record, in SQLite's own types: text, whole
 * numbers, reals; what is nested is JSON. The first `keys` fields are the primary key.
 */
struct store_table {
	const char *name;
	const struct schema *(*schema)(void);
	unsigned keys;
};

/*
 * What a database of this release looks like. Schemas only add: tables, and columns that may
 * be absent. A release opens any store whose oldest_reader is not above its own version, adds
 * what is missing there, and leaves what it does not know as it is.
 */
struct store_schema {
	const char *name;       /* "agent": its file is <dir>/agent.db */
	unsigned version;       /* of these tables; counts up with each release that adds */
	unsigned oldest_reader; /* the oldest version that understands what this one writes */
	const struct store_table *const *tables; /* NULL-terminated */
};

struct store_options {
	sd_event *loop;
	const struct store_schema *schema;
	const char *dir; /* created at need; NULL: in memory, gone at the end */
	/* What is in dir is copied into memory, and nothing there is locked, written or made. */
	bool copy;
	bool live;              /* also while a process has it open: what is on disk by now */
	uint64_t reserve_bytes; /* kept in <dir>/<name>.reserve, given up when the disk is full */
	/* How to start afresh, a clause for the end of the error that refuses a store. */
	const char *fresh;
	/* A row that store_load() cannot use is left out, and told here; NULL: it is an error. */
	void (*left_out)(const struct error *why, void *ctx);
	/* A batch is on disk, store_written() has grown; the waits are called next. May be NULL. */
	void (*written)(void *ctx);
	/* The store became full, or is not any more: store_full(); to be logged. May be NULL. */
	void (*full_changed)(void *ctx);
	void *ctx;
};

/*
 * Opens or makes it. Refused, with path, reason and way out: a file that is no database or is
 * damaged, a database of another program or of a newer release that ours may not read, one that
 * another process has open (-EBUSY), NFS, tmpfs and other file systems that forget: statfs(2).
 * A copy, of which -EBUSY says whose the store is, is not made of what does not exist: -ENOENT.
 * Strings of o need not stay; loop, schema and tables must. Where nothing has to be added, it
 * writes nothing, and so succeeds on a full disk.
 */
int store_open(const struct store_options *o, struct store **ret, struct error *e);
/*
 * Calls row for each row of a table, in the order in which they were first put; rec is cleared
 * afterwards (what row takes out of it, it sets to NULL). A row that cannot be decoded is -EBADMSG
 * with e naming table and key; then, or when `row` fails, it is called no more. Only before the
 * first store_put().
 */
int store_load(struct store *s, const struct store_table *t,
	       int (*row)(void *rec, void *ctx, struct error *e), void *ctx, struct error *e);
/*
 * Inserts or replaces the row with this key: part of the batch that is gathered now. rec is
 * read at once; its keys must be there, and no number may be above INT64_MAX. Unknown columns of
 * a row that is there stay as they are.
 */
void store_put(struct store *s, const struct store_table *t, const void *rec);
/* Deletes the row with the key that rec has; the other fields may be unset. */
void store_delete(struct store *s, const struct store_table *t, const void *rec);

/* The number of the batch that is gathered now, and of the last that is on disk; from 1 on. */
uint64_t store_batch(const struct store *s);
uint64_t store_written(const struct store *s);

/* Embedded in what waits (container_of). Zero-initialised: it waits for nothing. */
struct store_wait {
	struct list node;
	uint64_t batch;
	void (*fn)(struct store_wait *w);
};
/*
 * Calls fn from the loop, once, when everything put so far is on disk, in the order of the
 * waits; never from within this call. w must not be waiting already.
 */
void store_wait(struct store *s, struct store_wait *w, void (*fn)(struct store_wait *w));
/* Waits no more; harmless if it does not wait. */
void store_wait_cancel(struct store_wait *w);
bool store_waiting(const struct store_wait *w);

/* The disk is full and the reserve is gone: what is put waits in memory and is tried again. */
bool store_full(const struct store *s);
/* So much waits, of a full disk or a slow one, that nothing is to be put that can be refused. */
#define STORE_BACKLOG_MAX (64 * MIB)
bool store_backlogged(const struct store *s);

struct store_counts {
	uint64_t batches, rows;   /* on disk since the start */
	uint64_t queued;          /* rows that wait */
	uint64_t bytes;           /* of the database and its log */
	double last_ms, total_ms; /* of writing a batch: the last, and all */
};
struct store_counts store_counts(const struct store *s);
/*
 * Writes what waits, as far as the disk takes it, and closes; no callback is called any more, waits
 * are forgotten. Not from a callback of the store. NULL is accepted.
 */
void store_close(struct store *s);
