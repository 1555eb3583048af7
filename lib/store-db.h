/*
 * The database of a store, as one thread at a time has it: opening, and writing a batch. The
 * loop, the batches and the waits are in store.c.
 */
#pragma once

#include <sqlite3.h>

#include "lib/store.h"

/* A table with its statements, prepared once. */
struct store_statements {
	const struct store_table *table;
	unsigned columns;
	sqlite3_stmt *put, *delete;
};

struct store_db {
	sqlite3 *sqlite;
	char *path;    /* ":memory:" without a directory; of a copy that of the original */
	char *log;     /* the same with -wal; NULL in memory */
	char *reserve; /* NULL in memory */
	char *fresh;   /* of store_options, or NULL */
	uint64_t reserve_bytes;
	bool reserved;              /* it is there */
	int64_t reserve_checked_ns; /* when it was last tried to make it */
	unsigned log_pages;         /* after the last commit */
	uint64_t log_inode;         /* 0: not known yet */
	bool log_to_empty;          /* at the start: store_db_empty_log() */
	unsigned n_tables;
	struct store_statements *tables;
};

/* The contract of store_open(). store_db_fini() ends it, also after a failure. */
int store_db_open(const struct store_options *o, struct store_db *d, struct error *e);
void store_db_fini(struct store_db *d);
/* "store <path> <reason>: <how to start afresh>". Returns -code. */
int store_db_refuse(const struct store_db *d, int code, const char *reason, struct error *e);
/* The number of a table in d->tables. */
unsigned store_db_table(const struct store_db *d, const struct store_table *t);

/* One row of a batch, appended to ops. */
void store_db_add_put(const struct store_db *d, unsigned table, const void *rec, struct buf *ops);
void store_db_add_delete(const struct store_db *d, unsigned table, const void *rec,
			 struct buf *ops);
/*
 * Writes them all and syncs, or nothing: 0, or -ENOSPC when the disk is full and the reserve
 * gone. Anything else ends the process.
 */
int store_db_write(struct store_db *d, const struct buf *ops);
/* Ends the process if its files are not where they were. */
void store_db_check_place(struct store_db *d);
/* Copies the log into the database and empties it; 0, or -ENOSPC, and then it stays. */
int store_db_empty_log(struct store_db *d);
/* The same at the end, where a failure of any kind is said, and the log stays. */
void store_db_end_log(struct store_db *d);
/* Of the database and its log. */
uint64_t store_db_bytes(const struct store_db *d);
