/*
 * Opening: whether the file is fit for a store, whose it is, and what has to be added to it. An
 * ordinary start writes nothing, so that it works on a full disk.
 */
#include "lib/store-db.h"

#include <fcntl.h>

#include "lib/log.h"
#include "lib/store-dir.h"
#include "lib/store-image.h"
#include "lib/store-reserve.h"
#include "lib/store-rows.h"
#include "lib/store-vfs.h"
#include "lib/store-wal.h"
#include "lib/version.h"

/* "Meso": file(1) and we tell our databases from others by it. */
#define APPLICATION_ID 0x4d65736f
/* Where it is in the file: https://www.sqlite.org/fileformat2.html#the_database_header */
#define APPLICATION_ID_AT 68
/* The log keeps this much of the disk when it begins anew. */
#define LOG_BYTES_MAX (16 * 1024 * 1024)
#define FILE_MODE     0600

#define TEXT_OF(x)  TEXT_OF_(x)
#define TEXT_OF_(x) #x

/* SQLite would let others read it: there are tokens in it. An empty file is an empty database. */
static int create_file(const char *path, struct error *e)
{
	autofd int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);

	return fd < 0 && errno != EEXIST ? error_sys(e, "create %s", path) : 0;
}

/* ---- refusals and small questions ---- */

int store_db_refuse(const struct store_db *d, int code, const char *reason, struct error *e)
{
	return error_set(e, code, "store %s %s%s%s", d->path, reason, d->fresh ? ": " : "",
			 d->fresh ? d->fresh : "");
}

static int refuse_busy(const struct store_db *d, struct error *e)
{
	return error_set(e, EBUSY,
			 "store %s is in use by another process: end that one first, or give "
			 "this one a directory of its own",
			 d->path);
}

static int refuse_sqlite(const struct store_db *d, struct error *e)
{
	autofree char *text = NULL;

	switch (sqlite3_errcode(d->sqlite) & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED: return refuse_busy(d, e);
	case SQLITE_FULL:
		return error_set(
			e, ENOSPC,
			"store %s has to be brought up to this release and its disk is full: "
			"make room there",
			d->path);
	case SQLITE_NOTADB: return store_db_refuse(d, EBADMSG, "is no database", e);
	}
	text = xasprintf("cannot be used (%s)", sqlite3_errmsg(d->sqlite));
	return store_db_refuse(d, EBADMSG, text, e);
}

static int run(struct store_db *d, const char *sql, struct error *e)
{
	if (sqlite3_exec(d->sqlite, sql, NULL, NULL, NULL) != SQLITE_OK)
		return refuse_sqlite(d, e);
	return 0;
}

/*
 * The first column of the first row of sql, with `?` bound to a and b (NULL: not bound); *ret is
 * NULL when there is no row.
 */
static int ask(struct store_db *d, const char *sql, const char *a, const char *b, char **ret,
	       struct error *e)
{
	sqlite3_stmt *q;
	int r;

	if (sqlite3_prepare_v2(d->sqlite, sql, -1, &q, NULL) != SQLITE_OK)
		return refuse_sqlite(d, e);
	if (a)
		sqlite3_bind_text(q, 1, a, -1, SQLITE_STATIC);
	if (b)
		sqlite3_bind_text(q, 2, b, -1, SQLITE_STATIC);
	r = sqlite3_step(q);
	if (r == SQLITE_ROW)
		replace_str(ret, (const char *)sqlite3_column_text(q, 0));
	r = r == SQLITE_ROW || r == SQLITE_DONE ? 0 : refuse_sqlite(d, e);
	sqlite3_finalize(q);
	return r;
}

static int ask_number(struct store_db *d, const char *sql, const char *a, const char *b,
		      int64_t *ret, struct error *e)
{
	autofree char *text = NULL;
	int r = ask(d, sql, a, b, &text, e);

	if (!r)
		*ret = text ? strtoll(text, NULL, 10) : 0;
	return r;
}

/* ---- whose it is ---- */

/* The first look at the file, which has not been touched by us: *ret is whether it is empty. */
static int check_owner(struct store_db *d, bool *ret, struct error *e)
{
	int64_t id = 0, tables = 0;
	int r = ask_number(d, "PRAGMA application_id", NULL, NULL, &id, e);

	if (!r)
		r = ask_number(d, "SELECT count(*) FROM sqlite_schema", NULL, NULL, &tables, e);
	if (r < 0)
		return r;
	if (id != APPLICATION_ID && (id || tables))
		return store_db_refuse(d, EBADMSG, "is the database of another program", e);
	*ret = !tables;
	return 0;
}

/* The first line is a heading: "*** in database main ***". */
static const char *first_finding(char *lines)
{
	char *at = lines;

	if (!lines)
		return "it cannot be read";
	if (str_starts(lines, "***") && (at = strchr(lines, '\n')))
		at++;
	else
		at = lines;
	at[strcspn(at, "\n")] = '\0';
	return at;
}

static int check_pages(struct store_db *d, struct error *e)
{
	autofree char *found = NULL, *reason = NULL;
	int r = ask(d, "PRAGMA quick_check(1)", NULL, NULL, &found, e);

	if (r < 0 || str_equal(found, "ok"))
		return r;
	reason = xasprintf("is damaged (%s)", first_finding(found));
	return store_db_refuse(d, EBADMSG, reason, e);
}

static int get_meta(struct store_db *d, const char *name, char **ret, struct error *e)
{
	int r = ask(d, "SELECT value FROM meta WHERE name = ?", name, NULL, ret, e);

	if (!r && !*ret)
		r = store_db_refuse(d, EBADMSG, "is damaged (its table meta is not complete)", e);
	return r;
}

static int put_meta(struct store_db *d, const char *name, const char *value, struct error *e)
{
	autofree char *ignored = NULL;

	return ask(d, "INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", name, value,
		   &ignored, e);
}

static int set_version(struct store_db *d, unsigned version, struct error *e)
{
	autofree char *sql = xasprintf("PRAGMA user_version = %u", version);

	return run(d, sql, e);
}

static int make_identity(const struct store_options *o, struct store_db *d, struct error *e)
{
	autofree char *oldest = xasprintf("%u", o->schema->oldest_reader);
	int r = run(d,
		    "PRAGMA application_id = " TEXT_OF(
			    APPLICATION_ID) ";"
					    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT)",
		    e);

	if (!r)
		r = set_version(d, o->schema->version, e);
	if (!r)
		r = put_meta(d, "store", o->schema->name, e);
	if (!r)
		r = put_meta(d, "release", MESOS_VERSION, e);
	return r ? r : put_meta(d, "oldest_reader", oldest, e);
}

static int refuse_newer(const struct store_db *d, const char *release, struct error *e)
{
	autofree char *reason = xasprintf("was written by release %s, and release " MESOS_VERSION
					  " is too old to read it; start that release, or",
					  release);

	return store_db_refuse(d, EPROTONOSUPPORT, reason, e);
}

/* What is written from now on needs readers of ours, and what is there those of before. */
static int take_identity(const struct store_options *o, struct store_db *d, int64_t version,
			 int64_t oldest, const char *release, struct error *e)
{
	const struct store_schema *s = o->schema;
	autofree char *text = xasprintf("%u", s->oldest_reader);
	int r = 0;

	if (version < s->version)
		r = set_version(d, s->version, e);
	if (!r && oldest < s->oldest_reader)
		r = put_meta(d, "oldest_reader", text, e);
	if (!r && !str_equal(release, MESOS_VERSION))
		r = put_meta(d, "release", MESOS_VERSION, e);
	return r;
}

static int check_identity(const struct store_options *o, struct store_db *d, struct error *e)
{
	autofree char *name = NULL, *release = NULL, *oldest_text = NULL, *reason = NULL;
	int64_t version = 0, oldest;
	int r = ask_number(d, "PRAGMA user_version", NULL, NULL, &version, e);

	if (!r)
		r = get_meta(d, "store", &name, e);
	if (!r)
		r = get_meta(d, "release", &release, e);
	if (!r)
		r = get_meta(d, "oldest_reader", &oldest_text, e);
	if (r)
		return r;
	if (!str_equal(name, o->schema->name)) {
		reason = xasprintf("is that of '%s', not of '%s'", name, o->schema->name);
		return store_db_refuse(d, EBADMSG, reason, e);
	}
	oldest = oldest_text ? strtoll(oldest_text, NULL, 10) : 0;
	if (version > o->schema->version && oldest > o->schema->version)
		return refuse_newer(d, release, e);
	return take_identity(o, d, version, oldest, release, e);
}

/* ---- tables ---- */

static int add_columns(struct store_db *d, const struct store_table *t, struct error *e)
{
	const struct field *fields = t->schema()->fields;
	int64_t there = 0;
	int r = 0;

	for (const struct field *f = fields; !r && f->name; f++) {
		autobuf struct buf sql = { 0 };

		r = ask_number(d, "SELECT count(*) FROM pragma_table_info(?) WHERE name = ?",
			       t->name, f->name, &there, e);
		if (r < 0 || there)
			continue;
		if (f < fields + t->keys)
			return store_db_refuse(d, EBADMSG, "is damaged (a table lacks its key)", e);
		store_sql_add_column(t, f, &sql);
		r = run(d, buf_text(&sql), e);
	}
	return r;
}

static int add_table(struct store_db *d, const struct store_table *t, struct error *e)
{
	autobuf struct buf sql = { 0 };
	int64_t there = 0;
	int r = ask_number(d,
			   "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?",
			   t->name, NULL, &there, e);

	if (r < 0 || there)
		return r ? r : add_columns(d, t, e);
	store_sql_create(t, &sql);
	return run(d, buf_text(&sql), e);
}

static int prepare(struct store_db *d,
		   void (*text_of)(const struct store_table *t, struct buf *out),
		   const struct store_table *t, sqlite3_stmt **ret, struct error *e)
{
	autobuf struct buf sql = { 0 };

	text_of(t, &sql);
	if (sqlite3_prepare_v3(d->sqlite, buf_text(&sql), -1, SQLITE_PREPARE_PERSISTENT, ret, NULL))
		return refuse_sqlite(d, e);
	return 0;
}

static int prepare_tables(const struct store_options *o, struct store_db *d, struct error *e)
{
	unsigned n = 0;
	int r = 0;

	while (o->schema->tables[n])
		n++;
	d->tables = xcalloc(n + 1, sizeof(*d->tables));
	for (; !r && d->n_tables < n; d->n_tables++) {
		struct store_statements *t = &d->tables[d->n_tables];

		t->table = o->schema->tables[d->n_tables];
		t->columns = store_columns(t->table);
		r = prepare(d, store_sql_put, t->table, &t->put, e);
		if (!r)
			r = prepare(d, store_sql_delete, t->table, &t->delete, e);
	}
	return r;
}

/* ---- the log beside it ---- */

/*
 * What SQLite would take of it is what was stored. The file has so many bytes (less than 0: it is
 * missing), and is blank if it is not marked as ours yet.
 */
static int check_log(struct store_db *d, int64_t size, bool blank, struct error *e)
{
	autofree char *reason = NULL;
	struct store_wal log;
	struct error why;
	int r = store_wal_look(d->log, &log, &why);

	if (r == -EBADMSG)
		return store_db_refuse(d, EBADMSG, why.text, e);
	if (r < 0)
		return *e = why, r;
	if (blank && log.rows && !(size > 0 && log.all)) {
		reason = xasprintf("is %s, but its log %s is not", size < 0 ? "missing" : "blank",
				   d->log);
		return store_db_refuse(d, EBADMSG, reason, e);
	}
	d->log_to_empty = log.torn || (blank && log.rows);
	return 0;
}

/* SQLite would make it anew, and remove the log. */
static int check_missing(struct store_db *d, struct error *e)
{
	return access(d->path, F_OK) && errno == ENOENT ? check_log(d, -1, true, e) : 0;
}

/*
 * By SQLite's own descriptor: to close another one would drop its locks, fcntl_locking(2). Who has
 * the store open has it locked, and writes the log while we read.
 */
static int check_files(struct store_db *d, struct error *e)
{
	char id[4] = { 0 };
	sqlite3_file *f = NULL;
	sqlite3_int64 size = 0;
	bool blank;
	int r;

	if (sqlite3_file_control(d->sqlite, "main", SQLITE_FCNTL_FILE_POINTER, &f) != SQLITE_OK)
		return refuse_sqlite(d, e);
	if (f->pMethods->xLock(f, SQLITE_LOCK_SHARED) != SQLITE_OK)
		return refuse_busy(d, e);
	f->pMethods->xFileSize(f, &size);
	f->pMethods->xRead(f, id, sizeof(id), APPLICATION_ID_AT);
	blank = !memcmp(id, (char[4]){ 0 }, sizeof(id));
	r = check_log(d, size, blank, e);
	f->pMethods->xUnlock(f, SQLITE_LOCK_NONE);
	return r;
}

/* ---- in order ---- */

static int count_log(void *arg, sqlite3 *db unused, const char *name unused, int pages)
{
	struct store_db *d = arg;

	d->log_pages = (unsigned)pages;
	return SQLITE_OK;
}

static int connect_sqlite(struct store_db *d, struct error *e)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
	int r = sqlite3_open_v2(d->log ? d->path : ":memory:", &d->sqlite, flags, store_vfs());

	assert(d->sqlite);
	if (r != SQLITE_OK)
		return error_set(e, EACCES, "open store %s: %s", d->path,
				 strerror(sqlite3_system_errno(d->sqlite)));
	if (d->log && sqlite3_db_readonly(d->sqlite, "main") == 1)
		return error_set(e, EACCES, "store %s may not be written: %s", d->path,
				 strerror(EACCES));
	sqlite3_db_config(d->sqlite, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_wal_hook(d->sqlite, count_log, d);
	r = d->log ? check_files(d, e) : 0;
	return r ? r : run(d, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA temp_store = MEMORY", e);
}

/* In one transaction, which is also what takes the lock. */
static int bring_up_to_date(const struct store_options *o, struct store_db *d, bool empty,
			    struct error *e)
{
	int r = run(d, "BEGIN IMMEDIATE", e);

	if (!r)
		r = empty ? make_identity(o, d, e) : check_identity(o, d, e);
	for (unsigned i = 0; !r && o->schema->tables[i]; i++)
		r = add_table(d, o->schema->tables[i], e);
	if (!r)
		r = run(d, "COMMIT", e);
	if (r && !sqlite3_get_autocommit(d->sqlite))
		sqlite3_exec(d->sqlite, "ROLLBACK", NULL, NULL, NULL);
	return r;
}

/*
 * A new store has its identity in the file itself from here on, and what a power cut left of a
 * transaction is gone before another follows it. On a full disk both wait.
 */
static void begin_log(struct store_db *d, bool empty)
{
	if (d->log && (empty || d->log_to_empty) && store_db_empty_log(d))
		log_warning("store: the disk of %s is full: its log is copied into it later",
			    d->path);
}

static int take_image(struct store_db *d, const struct buf *image, struct error *e)
{
	unsigned flags = SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE;
	unsigned char *pages = sqlite3_malloc64(image->len); /* SQLite's own from here on */
	sqlite3_int64 n = (sqlite3_int64)image->len;

	if (!pages)
		abort();
	memcpy(pages, image->data, image->len);
	if (sqlite3_deserialize(d->sqlite, "main", pages, n, n, flags) != SQLITE_OK)
		return refuse_sqlite(d, e);
	return 0;
}

/*
 * PRAGMA wal_autocheckpoint would replace the hook that counts pages; that hook turns it off.
 * image: what the database in memory begins with; NULL: nothing, or it is a file.
 */
static int open_database(const struct store_options *o, struct store_db *d, const struct buf *image,
			 struct error *e)
{
	autofree char *sql = xasprintf("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
				       "PRAGMA journal_size_limit = %d",
				       LOG_BYTES_MAX);
	bool empty = false;
	int r = connect_sqlite(d, e);

	if (!r && image && image->len)
		r = take_image(d, image, e);
	if (!r)
		r = check_owner(d, &empty, e);
	if (!r)
		r = run(d, sql, e);
	if (!r)
		r = check_pages(d, e);
	if (!r)
		r = bring_up_to_date(o, d, empty, e);
	if (r == -ENOSPC && d->reserve && store_reserve_drop(d->reserve))
		r = bring_up_to_date(o, d, empty, e);
	if (!r)
		begin_log(d, empty);
	return r ? r : prepare_tables(o, d, e);
}

/* A full disk is no reason not to start. */
static int keep_reserve(struct store_db *d, struct error *e)
{
	struct error why;
	int r = store_reserve_make(d->reserve, d->reserve_bytes, &why);

	d->reserved = !r && d->reserve_bytes;
	if (r == -ENOSPC || r == -EDQUOT)
		log_warning("store: %s; goes on without", why.text);
	else if (r < 0)
		return *e = why, r;
	return 0;
}

static int open_files(const struct store_options *o, struct store_db *d, struct error *e)
{
	int r = store_dir_make(o->dir, e);

	if (!r)
		r = check_missing(d, e);
	if (!r)
		r = create_file(d->path, e);
	if (!r)
		r = open_database(o, d, NULL, e);
	if (!r)
		r = store_dir_sync(o->dir, e);
	return r ? r : keep_reserve(d, e);
}

/* Without d->log it stays in memory. */
static int open_copy(const struct store_options *o, struct store_db *d, struct error *e)
{
	autofree char *log = xasprintf("%s-wal", d->path);
	autobuf struct buf image = { 0 };
	struct error why;
	int r = store_image_read(d->path, log, o->live, &image, &why);

	if (r == -EBADMSG)
		return store_db_refuse(d, EBADMSG, why.text, e);
	if (r == -EBUSY)
		return error_set(e, EBUSY, "store %s is in use: %s", d->path, why.text);
	if (r)
		return *e = why, r;
	return open_database(o, d, &image, e);
}

int store_db_open(const struct store_options *o, struct store_db *d, struct error *e)
{
	*d = (struct store_db){ .reserve_bytes = o->reserve_bytes };
	replace_str(&d->fresh, o->fresh);
	if (!o->dir) {
		d->path = xstrdup(":memory:");
		return open_database(o, d, NULL, e);
	}
	d->path = xasprintf("%s/%s.db", o->dir, o->schema->name);
	if (o->copy)
		return open_copy(o, d, e);
	d->log = xasprintf("%s-wal", d->path);
	d->reserve = xasprintf("%s/%s.reserve", o->dir, o->schema->name);
	return open_files(o, d, e);
}
