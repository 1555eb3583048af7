/*
 * Writing: a batch is one transaction, and so one fsync(2). The log is copied into the database
 * here too, never by SQLite on its own, which would do it at times of its choosing.
 */
#include "lib/store-db.h"

#include <sys/stat.h>

#include "lib/log.h"
#include "lib/store-reserve.h"
#include "lib/store-rows.h"
#include "lib/store-vfs.h"

/* The log is copied into the database when it is longer than this. */
#define LOG_PAGES_MAX 1000
/* How often a reserve that was given up is tried to be made again. */
#define RESERVE_PERIOD_NS (10 * NSEC_PER_SEC)

/* In front of each row of a batch; what store_row_encode() made follows. */
struct op {
	unsigned table;
	bool delete;
};

unsigned store_db_table(const struct store_db *d, const struct store_table *t)
{
	unsigned i = 0;

	while (i < d->n_tables && d->tables[i].table != t)
		i++;
	assert(i < d->n_tables);
	return i;
}

void store_db_add_put(const struct store_db *d, unsigned table, const void *rec, struct buf *ops)
{
	const struct store_statements *t = &d->tables[table];
	struct op op = { .table = table, .delete = false };

	buf_add(ops, &op, sizeof(op));
	store_row_encode(t->table, t->columns, rec, ops);
}

void store_db_add_delete(const struct store_db *d, unsigned table, const void *rec, struct buf *ops)
{
	const struct store_statements *t = &d->tables[table];
	struct op op = { .table = table, .delete = true };

	buf_add(ops, &op, sizeof(op));
	store_row_encode(t->table, t->table->keys, rec, ops);
}

/* A full disk is the only failure that anybody lives through. */
static int ok_or_full(struct store_db *d, int r, const char *what)
{
	if ((r & 0xff) == SQLITE_FULL)
		return -ENOSPC;
	if (r != SQLITE_OK && r != SQLITE_DONE)
		store_die(what, d->path, sqlite3_errmsg(d->sqlite));
	return 0;
}

static int run(struct store_db *d, const char *sql)
{
	return ok_or_full(d, sqlite3_exec(d->sqlite, sql, NULL, NULL, NULL), sql);
}

static int write_op(struct store_db *d, const char **at)
{
	const struct store_statements *t;
	sqlite3_stmt *q;
	struct op op;
	int r;

	memcpy(&op, *at, sizeof(op));
	t = &d->tables[op.table];
	q = op.delete ? t->delete : t->put;
	*at = store_row_bind(q, op.delete ? t->table->keys : t->columns, *at + sizeof(op));
	r = ok_or_full(d, sqlite3_step(q), "write a row to");
	sqlite3_reset(q);
	return r;
}

static int write_once(struct store_db *d, const struct buf *ops)
{
	const char *at = ops->data, *end = at + ops->len;
	int r = run(d, "BEGIN IMMEDIATE");

	while (!r && at < end)
		r = write_op(d, &at);
	if (!r)
		r = run(d, "COMMIT");
	if (r && !sqlite3_get_autocommit(d->sqlite))
		run(d, "ROLLBACK");
	return r;
}

static int checkpoint(struct store_db *d, int mode)
{
	return sqlite3_wal_checkpoint_v2(d->sqlite, NULL, mode, NULL, NULL);
}

/*
 * Nobody else reads, so PASSIVE copies all of it and the next batch begins at the start of the log,
 * in blocks that are the store's already. On a full disk it stays as it is and is tried again.
 */
static void copy_log(struct store_db *d)
{
	int r = checkpoint(d, SQLITE_CHECKPOINT_PASSIVE);

	if (r == SQLITE_BUSY || ok_or_full(d, r, "copy the log into"))
		return;
	d->log_pages = 0;
}

int store_db_empty_log(struct store_db *d)
{
	return ok_or_full(d, checkpoint(d, SQLITE_CHECKPOINT_TRUNCATE), "copy the log into");
}

void store_db_end_log(struct store_db *d)
{
	store_vfs_forgive(true);
	if (d->log && checkpoint(d, SQLITE_CHECKPOINT_TRUNCATE) != SQLITE_OK)
		log_warning("store: the log of %s was not copied into it, and is read at the next "
			    "start: %s",
			    d->path, sqlite3_errmsg(d->sqlite));
	store_vfs_forgive(false);
}

static bool give_up_reserve(struct store_db *d)
{
	if (!d->reserved)
		return false;
	d->reserved = false;
	if (!store_reserve_drop(d->reserve))
		return false;
	log_warning("store: disk is full, gave up the reserve path=%s bytes=%llu", d->reserve,
		    (unsigned long long)d->reserve_bytes);
	return true;
}

static void renew_reserve(struct store_db *d)
{
	int64_t now = now_ns();
	struct error e;
	int r;

	if (d->reserved || !d->reserve_bytes || !d->reserve ||
	    now - d->reserve_checked_ns < RESERVE_PERIOD_NS)
		return;
	d->reserve_checked_ns = now;
	if (!store_reserve_fits(d->reserve, d->reserve_bytes))
		return;
	r = store_reserve_make(d->reserve, d->reserve_bytes, &e);
	if (r && r != -ENOSPC && r != -EDQUOT)
		store_die("keep a reserve in", d->reserve, strerror(-r));
	if (r)
		return;
	d->reserved = true;
	log_info("store: made the reserve again path=%s bytes=%llu", d->reserve,
		 (unsigned long long)d->reserve_bytes);
}

/* What another has put into our files cannot be seen, and is not looked for. */
void store_db_check_place(struct store_db *d)
{
	int moved = 0;
	struct stat st;

	if (!d->log)
		return;
	sqlite3_file_control(d->sqlite, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
	if (moved)
		store_die_moved(d->path);
	if (stat(d->log, &st) || (d->log_inode && d->log_inode != st.st_ino))
		store_die_moved(d->log);
	d->log_inode = st.st_ino;
}

static int write_batch(struct store_db *d, const struct buf *ops)
{
	int r = write_once(d, ops);

	if (r && give_up_reserve(d))
		r = write_once(d, ops);
	if (r) {
		copy_log(d);
		r = write_once(d, ops);
	}
	if (r)
		return r;
	if (d->log_pages > LOG_PAGES_MAX)
		copy_log(d);
	renew_reserve(d);
	return 0;
}

/* Rows in a file that the next start does not find must not be acknowledged. */
int store_db_write(struct store_db *d, const struct buf *ops)
{
	int r = write_batch(d, ops);

	store_db_check_place(d);
	return r;
}

static uint64_t file_bytes(const char *path)
{
	struct stat st;

	return path && !stat(path, &st) ? (uint64_t)st.st_size : 0;
}

uint64_t store_db_bytes(const struct store_db *d)
{
	return d->log ? file_bytes(d->path) + file_bytes(d->log) : 0;
}

void store_db_fini(struct store_db *d)
{
	for (unsigned i = 0; i < d->n_tables; i++) {
		sqlite3_finalize(d->tables[i].put);
		sqlite3_finalize(d->tables[i].delete);
	}
	if (sqlite3_close(d->sqlite) != SQLITE_OK)
		assert(!"a statement of the store that is still in use");
	free(d->tables);
	free(d->path);
	free(d->log);
	free(d->reserve);
	free(d->fresh);
	*d = (struct store_db){ 0 };
}
