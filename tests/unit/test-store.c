/* The store: rows round trip, batches, waits, what is refused in which words, failing disks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include "lib/fs.h"
#include "lib/log.h"
#include "lib/store.h"

#include "lib/schema-structs.h"
#include "tests/unit/test-store.def"
#include "lib/schema-end.h"

#include "lib/schema-tables.h"
#include "tests/unit/test-store.def"
#include "lib/schema-end.h"
#include "tests/unit/loop.h"

/* What a disk may take that others use as well; one test writes more than 64 MiB. */
#define FRESH     "remove it to start afresh"
#define RESERVE   (256 * KIB)
#define NAMES_MAX 32

static const struct store_table rows = { "rows", try_row_schema, 2 };
static const struct store_table keys = { "keys", try_key_row_schema, 1 };
static const struct store_table next_rows = { "rows", try_next_row_schema, 2 };

static const struct store_schema first = {
	.name = "try",
	.version = 1,
	.oldest_reader = 1,
	.tables = (const struct store_table *const[]){ &rows, NULL },
};
static const struct store_schema second = {
	.name = "try",
	.version = 2,
	.oldest_reader = 1,
	.tables = (const struct store_table *const[]){ &next_rows, &keys, NULL },
};
static const struct store_schema third = {
	.name = "try",
	.version = 3,
	.oldest_reader = 2,
	.tables = (const struct store_table *const[]){ &next_rows, &keys, NULL },
};
static const struct store_schema other = {
	.name = "other",
	.version = 1,
	.oldest_reader = 1,
	.tables = (const struct store_table *const[]){ &rows, NULL },
};

static sd_event *loop;
static char dir[64], path[128];
static struct store *s;
static struct error e;
static unsigned written_calls;

static void on_written(void *ctx unused)
{
	written_calls++;
}

static int try_open_in(const char *where, const struct store_schema *schema)
{
	struct store_options o = {
		.loop = loop,
		.schema = schema,
		.dir = where,
		.reserve_bytes = RESERVE,
		.fresh = FRESH,
		.written = on_written,
	};

	return store_open(&o, &s, &e);
}

static void open_as(const struct store_schema *schema)
{
	if (try_open_in(dir, schema))
		fail_msg("%s", e.text);
}

static void close_it(void)
{
	store_close(take_ptr(s));
}

static void flush(void)
{
	uint64_t until = store_batch(s);

	RUN_UNTIL(loop, store_written(s) >= until);
}

static void put(const char *scope, uint64_t number, const char *mode)
{
	struct try_row row = {
		.scope = (char *)scope, .number = number, .has_number = true, .mode = (char *)mode
	};

	store_put(s, &rows, &row);
}

static void delete (const char *scope, uint64_t number)
{
	struct try_row row = { .scope = (char *)scope, .number = number, .has_number = true };

	store_delete(s, &rows, &row);
}

/* "a1=plain b2=x" */
static int describe(void *rec, void *ctx, struct error *why unused)
{
	struct try_row *row = rec;
	struct buf *out = ctx;

	buf_addf(out, "%s%s%u=%s", out->len ? " " : "", row->scope, (unsigned)row->number,
		 row->mode);
	return 0;
}

static void assert_rows(const char *expected)
{
	autobuf struct buf text = { 0 };

	if (store_load(s, &rows, describe, &text, &e))
		fail_msg("%s", e.text);
	assert_string_equal(buf_text(&text), expected);
}

/* With SQLite itself, as an operator or another release would; the store is closed. */
static void sql(const char *text)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", text, sqlite3_errmsg(db));
	sqlite3_close(db);
}

static void sql_text(const char *query, char *ret, size_t size)
{
	sqlite3_stmt *q;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, query, -1, &q, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	snprintf(ret, size, "%s", (const char *)sqlite3_column_text(q, 0));
	sqlite3_finalize(q);
	sqlite3_close(db);
}

static int setup(void **state unused)
{
	snprintf(dir, sizeof(dir), "/tmp/test-store-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/try.db", dir);
	written_calls = 0;
	e = (struct error){ 0 };
	return sd_event_new(&loop) < 0;
}

static int teardown(void **state unused)
{
	close_it();
	loop = sd_event_unref(loop);
	return fs_remove_tree(AT_FDCWD, dir, &e);
}

/* ---- rows ---- */

static void rows_come_back_in_the_order_of_their_first_put(void **state unused)
{
	open_as(&first);
	put("b", 9, "x");
	put("a", 7, "x");
	flush();
	put("a", 3, "x");
	put("b", 9, "again");
	flush();
	close_it();
	open_as(&first);
	assert_rows("b9=again a7=x a3=x");
}

static void a_row_is_deleted_by_its_key_alone(void **state unused)
{
	open_as(&first);
	put("a", 1, "x");
	put("a", 2, "x");
	delete ("a", 1);
	delete ("nobody", 1);
	close_it();
	open_as(&first);
	assert_rows("a2=x");
}

static void closing_writes_what_waits(void **state unused)
{
	open_as(&first);
	put("a", 1, "x");
	sd_event_run(loop, 0); /* this one is with the writer now */
	put("a", 2, "x");
	close_it();
	open_as(&first);
	assert_rows("a1=x a2=x");
}

static void fill(struct try_row *row)
{
	static const char text[] =
		"{\"scope\":\"s'\\\"\\u00fc\",\"number\":9223372036854775807,\"agent_id\":{"
		"\"value\":\"a\"},"
		"\"data\":\"AAEC\",\"yes\":false,\"offset\":-5,\"load\":0.1,"
		"\"grace\":{\"nanoseconds\":7},\"size\":4096,"
		"\"uuid\":\"AAECAwQFBgcICQoLDA0ODw==\",\"color\":\"TRY_BLUE\","
		"\"words\":[\"a\",\"b\"],\"ports\":[1,2],\"part\":{\"name\":\"p\",\"new\":1},"
		"\"parts\":[{\"name\":\"q\"},{\"name\":\"r\"}],\"any\":[null,{\"x\":1.5}],"
		"\"mode\":\"m\"}";

	memset(row, 0, sizeof(*row));
	if (schema_decode_text(try_row_schema(), text, strlen(text), row, &e))
		fail_msg("%s", e.text);
}

static int encode(void *rec, void *ctx, struct error *why unused)
{
	schema_encode(try_row_schema(), rec, ctx);
	return 0;
}

static void every_kind_round_trips(void **state unused)
{
	autobuf struct buf before = { 0 }, after = { 0 };
	struct try_row row;

	open_as(&first);
	fill(&row);
	encode(&row, &before, NULL);
	store_put(s, &rows, &row);
	schema_clear(try_row_schema(), &row);
	close_it();
	open_as(&first);
	assert_int_equal(store_load(s, &rows, encode, &after, &e), 0);
	assert_string_equal(buf_text(&after), buf_text(&before));
}

static void what_is_absent_stays_absent_and_replaces_what_was_there(void **state unused)
{
	autobuf struct buf after = { 0 };
	struct try_row row;

	open_as(&first);
	fill(&row);
	store_put(s, &rows, &row);
	put(row.scope, row.number, NULL);
	schema_clear(try_row_schema(), &row);
	close_it();
	open_as(&first);
	assert_int_equal(store_load(s, &rows, encode, &after, &e), 0);
	assert_string_equal(buf_text(&after), "{\"scope\":\"s'\\\"\xc3\xbc\",\"number\":"
					      "9223372036854775807,\"mode\":\"plain\"}");
}

static void columns_have_the_types_of_sqlite(void **state unused)
{
	struct try_row row;
	char text[256];

	open_as(&first);
	fill(&row);
	store_put(s, &rows, &row);
	schema_clear(try_row_schema(), &row);
	close_it();
	sql_text("SELECT "
		 "typeof(scope)||typeof(number)||typeof(load)||typeof(uuid)||color||grace||part "
		 "FROM rows",
		 text, sizeof(text));
	assert_string_equal(text, "textintegerrealblobTRY_BLUE7{\"name\":\"p\",\"new\":1}");
}

static void a_row_that_cannot_be_read_is_named(void **state unused)
{
	autobuf struct buf text = { 0 };

	open_as(&first);
	put("a", 1, "x");
	put("b", 2, "x");
	put("c", 3, "x");
	close_it();
	sql("UPDATE rows SET parts = '[{}]' WHERE number = 2");
	open_as(&first);
	assert_int_equal(store_load(s, &rows, describe, &text, &e), -EBADMSG);
	assert_string_equal(buf_text(&text), "a1=x");
	assert_non_null(strstr(e.text, path));
	assert_non_null(strstr(e.text, "(table rows, row b 2: parts[0].name: missing): " FRESH));
}

static void a_row_without_what_is_required_is_refused(void **state unused)
{
	autobuf struct buf text = { 0 };

	open_as(&first);
	put("a", 1, "x");
	close_it();
	sql("UPDATE rows SET number = NULL");
	open_as(&first);
	assert_int_equal(store_load(s, &rows, describe, &text, &e), -EBADMSG);
	assert_non_null(strstr(e.text, "table rows, row a NULL: number: missing"));
}

static int refuse_row(void *rec unused, void *ctx, struct error *why)
{
	++*(unsigned *)ctx;
	return error_set(why, ESRCH, "not this one");
}

static void what_the_taker_of_rows_refuses_is_the_end(void **state unused)
{
	unsigned calls = 0;

	open_as(&first);
	put("a", 1, "x");
	put("b", 2, "x");
	close_it();
	open_as(&first);
	assert_int_equal(store_load(s, &rows, refuse_row, &calls, &e), -ESRCH);
	assert_int_equal(calls, 1);
	assert_non_null(strstr(e.text, "not this one"));
}

static void put_key(uint64_t number)
{
	struct try_key_row row = { .number = number, .has_number = true };

	store_put(s, &keys, &row);
}

static int describe_key(void *rec, void *ctx, struct error *why unused)
{
	buf_addf(ctx, "%u ", (unsigned)((struct try_key_row *)rec)->number);
	return 0;
}

static void a_number_that_is_the_key_does_not_decide_the_order(void **state unused)
{
	autobuf struct buf text = { 0 };

	open_as(&second);
	put_key(9);
	put_key(3);
	put_key(9);
	close_it();
	open_as(&second);
	assert_int_equal(store_load(s, &keys, describe_key, &text, &e), 0);
	assert_string_equal(buf_text(&text), "9 3 ");
}

/* ---- batches and waits ---- */

static char order[NAMES_MAX];

struct named_wait {
	struct store_wait wait;
	char name;
	uint64_t written; /* when it was called */
};

static void on_disk(struct store_wait *w)
{
	struct named_wait *n = container_of(w, struct named_wait, wait);

	assert_false(store_waiting(w));
	n->written = store_written(s);
	order[strlen(order)] = n->name;
}

static void what_is_put_in_one_turn_is_one_batch(void **state unused)
{
	open_as(&first);
	for (uint64_t i = 0; i < 1000; i++)
		put("a", i, "x");
	assert_int_equal(store_counts(s).queued, 1000);
	flush();
	assert_int_equal(store_counts(s).batches, 1);
	assert_int_equal(store_counts(s).rows, 1000);
	assert_int_equal(store_counts(s).queued, 0);
	assert_true(store_counts(s).bytes > 1000);
	assert_true(store_counts(s).total_ms > 0);
	assert_int_equal(written_calls, 1);
}

static void batches_count_up_from_one(void **state unused)
{
	open_as(&first);
	assert_int_equal(store_batch(s), 1);
	assert_int_equal(store_written(s), 0);
	put("a", 1, "x");
	assert_int_equal(store_batch(s), 1);
	flush();
	assert_int_equal(store_written(s), 1);
	assert_int_equal(store_batch(s), 2);
}

static void waits_are_called_in_their_order_once_all_is_on_disk(void **state unused)
{
	struct named_wait a = { .name = 'a' }, b = { .name = 'b' }, c = { .name = 'c' };

	memset(order, 0, sizeof(order));
	open_as(&first);
	put("a", 1, "x");
	store_wait(s, &a.wait, on_disk);
	sd_event_run(loop, 0);
	put("a", 2, "x");
	store_wait(s, &b.wait, on_disk);
	store_wait(s, &c.wait, on_disk);
	assert_true(store_waiting(&b.wait));
	RUN_UNTIL(loop, strlen(order) == 3);
	assert_string_equal(order, "abc");
	assert_int_equal(a.written, 1);
	assert_int_equal(b.written, 2);
}

static void who_waits_for_nothing_is_called_from_the_loop(void **state unused)
{
	struct named_wait a = { .name = 'a' }, b = { .name = 'b' };

	memset(order, 0, sizeof(order));
	open_as(&first);
	store_wait(s, &a.wait, on_disk);
	assert_string_equal(order, "");
	RUN_UNTIL(loop, strlen(order) == 1);
	put("a", 1, "x");
	flush();
	store_wait(s, &b.wait, on_disk);
	assert_string_equal(order, "a");
	RUN_UNTIL(loop, strlen(order) == 2);
}

static void a_wait_that_is_cancelled_is_not_called(void **state unused)
{
	struct named_wait a = { .name = 'a' }, b = { .name = 'b' }, never = { .name = 'n' };

	memset(order, 0, sizeof(order));
	store_wait_cancel(&never.wait);
	assert_false(store_waiting(&never.wait));
	open_as(&first);
	put("a", 1, "x");
	store_wait(s, &a.wait, on_disk);
	store_wait(s, &b.wait, on_disk);
	store_wait_cancel(&a.wait);
	store_wait_cancel(&a.wait);
	RUN_UNTIL(loop, strlen(order) == 1);
	assert_string_equal(order, "b");
}

static void closing_forgets_the_waits(void **state unused)
{
	struct named_wait a = { .name = 'a' };

	memset(order, 0, sizeof(order));
	open_as(&first);
	put("a", 1, "x");
	store_wait(s, &a.wait, on_disk);
	close_it();
	assert_false(store_waiting(&a.wait));
	assert_string_equal(order, "");
}

static void a_store_without_a_directory_is_in_memory(void **state unused)
{
	if (try_open_in(NULL, &first))
		fail_msg("%s", e.text);
	put("a", 1, "x");
	flush();
	assert_int_equal(store_counts(s).rows, 1);
	close_it();
	assert_int_equal(try_open_in(NULL, &first), 0);
	assert_rows("");
	assert_int_not_equal(access(path, F_OK), 0);
}

/* Many small batches, each of which replaces the same pages. */
static void the_log_is_copied_into_the_database_and_stays_short(void **state unused)
{
	char log[160], mode[16384];
	struct stat st;

	mode[sizeof(mode) - 1] = '\0';
	snprintf(log, sizeof(log), "%s-wal", path);
	open_as(&first);
	for (unsigned i = 0; i < 12; i++) {
		memset(mode, 'a' + (int)i, sizeof(mode) - 1);
		for (uint64_t n = 0; n < 60; n++)
			put("a", n, mode);
		flush();
	}
	assert_int_equal(stat(log, &st), 0);
	assert_in_range(st.st_size, 1, 8 * MIB); /* 12 of 60 rows of 16 KiB would be 11 MiB */
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size > (off_t)(900 * KIB));
}

/* ---- other releases ---- */

static void columns_that_a_release_does_not_know_stay_when_it_replaces_a_row(void **state unused)
{
	struct try_next_row row = {
		.scope = (char *)"a", .number = 1, .has_number = true, .added = (char *)"new"
	};
	char text[64];

	open_as(&second);
	store_put(s, &next_rows, &row);
	close_it();
	open_as(&first);
	assert_rows("a1=plain");
	put("a", 1, "old");
	close_it();
	sql_text("SELECT mode || added FROM rows", text, sizeof(text));
	assert_string_equal(text, "oldnew");
	sql_text("PRAGMA user_version", text, sizeof(text));
	assert_string_equal(text, "2");
}

static void a_newer_release_adds_its_columns_and_tables(void **state unused)
{
	char text[64];

	open_as(&first);
	put("a", 1, "x");
	close_it();
	open_as(&second);
	close_it();
	sql_text("SELECT count(added) || count(*) FROM rows", text, sizeof(text));
	assert_string_equal(text, "01");
	sql_text("PRAGMA user_version", text, sizeof(text));
	assert_string_equal(text, "2");
	open_as(&first);
	assert_rows("a1=x");
}

static void a_store_that_is_too_new_is_refused(void **state unused)
{
	open_as(&third);
	close_it();
	open_as(&second);
	close_it();
	assert_int_equal(try_open_in(dir, &first), -EPROTONOSUPPORT);
	assert_non_null(strstr(e.text, path));
	assert_non_null(strstr(e.text, "too old to read it"));
	assert_non_null(strstr(e.text, FRESH));
}

/* ---- refusals ---- */

static void assert_refused(int code, const char *reason)
{
	assert_int_equal(try_open_in(dir, &first), -code);
	if (!strstr(e.text, path) || !strstr(e.text, reason))
		fail_msg("%s", e.text);
	assert_true(code == EBUSY || strstr(e.text, FRESH));
}

static void the_database_of_another_program_is_refused_and_left_alone(void **state unused)
{
	char text[32];

	sql("CREATE TABLE t (x)");
	assert_refused(EBADMSG, "another program");
	sql_text("PRAGMA journal_mode", text, sizeof(text));
	assert_string_equal(text, "delete");
}

static void the_store_of_another_daemon_is_refused(void **state unused)
{
	char at[160];

	if (try_open_in(dir, &other))
		fail_msg("%s", e.text);
	close_it();
	snprintf(at, sizeof(at), "%s/other.db", dir);
	assert_int_equal(rename(at, path), 0);
	snprintf(at, sizeof(at), "%s/other.db-wal", dir);
	strcat(path, "-wal");
	assert_int_equal(rename(at, path), 0);
	path[strlen(path) - 4] = '\0';
	assert_refused(EBADMSG, "is that of 'other', not of 'try'");
}

static void overwrite(off_t at, size_t n)
{
	char junk[8192];
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	memset(junk, 'j', sizeof(junk));
	assert_true(fd >= 0 && n <= sizeof(junk));
	assert_int_equal(pwrite(fd, junk, n, at), n);
	close(fd);
}

static void a_file_that_is_no_database_is_refused(void **state unused)
{
	overwrite(0, 4096);
	assert_refused(EBADMSG, "is no database");
}

static void a_damaged_database_is_refused(void **state unused)
{
	open_as(&first);
	for (uint64_t i = 0; i < 300; i++)
		put("a", i, "something that takes room");
	close_it();
	sql("PRAGMA wal_checkpoint(TRUNCATE)");
	overwrite(4096, 8192);
	assert_refused(EBADMSG, "damaged");
}

/* ---- the log ---- */

static uint64_t log_bytes(void)
{
	char log[160];
	struct stat st;

	snprintf(log, sizeof(log), "%s-wal", path);
	return stat(log, &st) ? 0 : (uint64_t)st.st_size;
}

/* What is put is a batch each: b1 ... bn. Ends as kill -9 would, so that all is in the log. */
static unsigned batches;
static const char *batch_text = "x";

static void write_batches_and_crash(void)
{
	loop = NULL;
	if (sd_event_new(&loop) < 0 || try_open_in(dir, &first))
		_exit(5);
	for (uint64_t i = 1; i <= batches; i++) {
		put("b", i, batch_text);
		flush();
	}
	_exit(0);
}

/* Runs fn in a child; what it exits with. */
static int in_child(void (*fn)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid) {
		fn();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void leave_log(unsigned n)
{
	batches = n;
	assert_int_equal(in_child(write_batches_and_crash), 0);
	assert_true(log_bytes() > 0);
}

static void a_new_store_has_its_identity_in_the_file_itself(void **state unused)
{
	char log[160], text[32];

	leave_log(1);
	snprintf(log, sizeof(log), "%s-wal", path);
	assert_int_equal(unlink(log), 0);
	sql_text("PRAGMA application_id", text, sizeof(text));
	assert_string_equal(text, "1298494319");
	open_as(&first);
	assert_rows("");
}

static void a_store_that_is_closed_leaves_no_log(void **state unused)
{
	open_as(&first);
	put("a", 1, "x");
	close_it();
	assert_int_equal(log_bytes(), 0);
	open_as(&first);
	assert_rows("a1=x");
}

static void read_file(const char *name, struct buf *ret)
{
	assert_int_equal(fs_read(name, 16 * MIB, ret, &e), 0);
}

static void write_file(const char *name, const void *data, size_t n)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fs_write_all(fd, data, n), 0);
	close(fd);
}

/* The store as leave_log() left it, kept in memory. */
struct kept {
	char log_path[160];
	struct buf file, log;
};

static void keep(struct kept *k)
{
	*k = (struct kept){ 0 };
	snprintf(k->log_path, sizeof(k->log_path), "%s-wal", path);
	read_file(path, &k->file);
	read_file(k->log_path, &k->log);
}

static void put_back(const struct kept *k)
{
	write_file(path, k->file.data, k->file.len);
	write_file(k->log_path, k->log.data, k->log.len);
}

static void kept_fini(struct kept *k)
{
	buf_fini(&k->file);
	buf_fini(&k->log);
}

static int count_row(void *rec unused, void *ctx, struct error *why unused)
{
	++*(unsigned *)ctx;
	return 0;
}

/* How many rows there are, or -1: refused as damaged. */
static int rows_or_refused(void)
{
	unsigned n = 0;
	int r = try_open_in(dir, &first);

	if (r) {
		assert_int_equal(r, -EBADMSG);
		assert_non_null(strstr(e.text, "-wal"));
		assert_non_null(strstr(e.text, FRESH));
		return -1;
	}
	assert_int_equal(store_load(s, &rows, count_row, &n, &e), 0);
	close_it();
	return (int)n;
}

#define LOG_BATCHES 3
#define LOG_FRAME   (24 + 4096)

/* All that is not in pages, and every now and then a byte of those. */
static bool worth_it(size_t at)
{
	return at < 32 || (at - 32) % LOG_FRAME < 32 || at % 97 == 0;
}

static void no_damaged_byte_of_the_log_loses_more_than_the_last_batch(void **state unused)
{
	static const unsigned char masks[] = { 0xff, 0x01 };
	unsigned refused = 0, taken = 0;
	struct kept k;

	leave_log(LOG_BATCHES);
	keep(&k);
	for (size_t at = 0; at < k.log.len; at++)
		for (unsigned m = 0; worth_it(at) && m < sizeof(masks) + 1; m++) {
			char was = k.log.data[at];
			int n;

			k.log.data[at] = m < sizeof(masks) ? (char)(was ^ masks[m]) : '\0';
			put_back(&k);
			n = rows_or_refused();
			if (n >= 0 && n < LOG_BATCHES - 1)
				fail_msg("byte %zu, damage %u: %d rows", at, m, n);
			*(n < 0 ? &refused : &taken) += 1;
			k.log.data[at] = was;
		}
	assert_true(refused > 100 && taken > 100);
	kept_fini(&k);
}

/* A power cut while it was written: its first page is missing, or its end. */
static void a_last_transaction_that_is_torn_is_dropped_and_the_next_ones_are_kept(
	void **state unused)
{
	struct kept k;

	leave_log(LOG_BATCHES);
	keep(&k);
	k.log.len -= 100;
	put_back(&k);
	assert_int_equal(rows_or_refused(), LOG_BATCHES - 1);
	k.log.len += 100;
	memset(k.log.data + k.log.len - 512, 0, 512);
	put_back(&k);
	open_as(&first);
	assert_rows("b1=x b2=x");
	assert_int_equal(log_bytes(), 0); /* or its rest could be taken for damage later */
	put("b", 9, "x");
	close_it();
	open_as(&first);
	assert_rows("b1=x b2=x b9=x");
	kept_fini(&k);
}

/* The log begins anew after a copy; what the one before left behind its end is no damage. */
static void what_an_older_log_left_is_no_damage(void **state unused)
{
	struct kept k;
	sqlite3 *db;

	leave_log(LOG_BATCHES);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
				      "PRAGMA wal_checkpoint(PASSIVE);"
				      "INSERT INTO rows (scope, number) VALUES ('c', 1)",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	keep(&k);
	sqlite3_close(db);
	assert_true(k.log.len >= 32 + 4 * LOG_FRAME);
	put_back(&k);
	assert_int_equal(rows_or_refused(), LOG_BATCHES + 1);
	kept_fini(&k);
}

static void a_log_whose_database_is_missing_or_blank_is_refused(void **state unused)
{
	static const char zeros[4096];
	struct kept k;

	leave_log(LOG_BATCHES);
	keep(&k);
	assert_int_equal(unlink(path), 0);
	assert_refused(EBADMSG, "is missing, but its log ");
	assert_int_not_equal(access(path, F_OK), 0);
	for (size_t n = 0; n <= sizeof(zeros); n += sizeof(zeros)) {
		write_file(path, zeros, n);
		assert_refused(EBADMSG, "is blank, but its log ");
		assert_true(log_bytes() == k.log.len);
	}
	kept_fini(&k);
}

/* Killed between the first transaction and its copy: the log has every page. */
static void a_blank_database_is_taken_with_a_log_that_has_all_of_it(void **state unused)
{
	autobuf struct buf dump = { 0 };
	struct kept k;
	sqlite3 *db;

	open_as(&first);
	close_it();
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
				      "INSERT INTO rows (scope, number, mode) VALUES ('b', 1, 'x');"
				      "VACUUM",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	keep(&k);
	sqlite3_close(db);
	memset(k.file.data, 0, k.file.len);
	put_back(&k);
	assert_int_equal(rows_or_refused(), 1);
	assert_int_equal(log_bytes(), 0);
	read_file(path, &dump);
	assert_memory_equal(dump.data, "SQLite format 3", 16);
	kept_fini(&k);
}

static void a_directory_on_tmpfs_is_refused(void **state unused)
{
	char where[] = "/dev/shm/test-store-XXXXXX", below[64] = "/dev/shm/";
	struct statfs fs;

	if (statfs("/dev/shm", &fs) || fs.f_type != TMPFS_MAGIC || !mkdtemp(where)) {
		print_message("/dev/shm is no tmpfs here\n");
		skip();
	}
	strcat(below, where + strlen("/dev/shm/"));
	strcat(below, "/meta");
	assert_int_equal(try_open_in(below, &first), -ENOTSUP);
	assert_int_equal(try_open_in(where, &first), -ENOTSUP);
	assert_int_equal(rmdir(where), 0); /* and nothing was made in it */
	assert_non_null(strstr(e.text, where));
	assert_non_null(strstr(e.text, "tmpfs, which forgets at a reboot"));
}

static void open_second(void)
{
	struct store *mine = s;
	int r = try_open_in(dir, &first);

	if (r != -EBUSY || !strstr(e.text, "in use by another process") || s != mine)
		_exit(3);
}

static void a_second_process_is_refused(void **state unused)
{
	open_as(&first);
	put("a", 1, "x");
	flush();
	assert_int_equal(in_child(open_second), 0);
	assert_int_equal(try_open_in(dir, &first), -EBUSY);
}

/* ---- copies ---- */

static int try_copy(const struct store_schema *schema)
{
	struct store_options o = { .loop = loop, .schema = schema, .dir = dir, .copy = true };

	return store_open(&o, &s, &e);
}

static void copy_as(const struct store_schema *schema)
{
	if (try_copy(schema))
		fail_msg("%s", e.text);
}

static size_t names_in_dir(void)
{
	DIR *d = opendir(dir);
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void assert_untouched(const struct kept *k)
{
	struct kept now;

	keep(&now);
	assert_int_equal(now.file.len, k->file.len);
	assert_memory_equal(now.file.data, k->file.data, k->file.len);
	assert_int_equal(now.log.len, k->log.len);
	assert_memory_equal(now.log.data, k->log.data, k->log.len);
	kept_fini(&now);
}

static void a_copy_has_what_is_in_the_log_and_leaves_the_store_as_it_is(void **state unused)
{
	struct kept k;
	size_t names;

	leave_log(3);
	keep(&k);
	names = names_in_dir();
	copy_as(&first);
	assert_rows("b1=x b2=x b3=x");
	put("b", 4, "x"); /* of the copy alone */
	flush();
	close_it();
	assert_untouched(&k);
	assert_int_equal(names_in_dir(), names);
	kept_fini(&k);
	open_as(&first);
	assert_rows("b1=x b2=x b3=x");
}

static void a_copy_has_the_columns_of_the_release_that_reads(void **state unused)
{
	struct kept k;
	unsigned n = 0;

	leave_log(2);
	keep(&k);
	copy_as(&second);
	assert_int_equal(store_load(s, &next_rows, count_row, &n, &e), 0);
	assert_int_equal(n, 2);
	close_it();
	assert_untouched(&k);
	kept_fini(&k);
}

static void a_store_that_was_closed_is_copied_too(void **state unused)
{
	open_as(&first);
	put("a", 1, "x");
	close_it();
	copy_as(&first);
	assert_rows("a1=x");
}

static void copy_what_is_open(void)
{
	autofree char *whose = xasprintf("process %d has it open", (int)getppid());

	if (try_copy(&first) != -EBUSY || !strstr(e.text, path) || !strstr(e.text, whose))
		_exit(3);
}

static void a_store_that_is_open_is_not_copied_and_its_process_is_named(void **state unused)
{
	open_as(&first);
	put("a", 1, "x");
	flush();
	assert_int_equal(in_child(copy_what_is_open), 0);
	put("a", 2, "x");
	close_it();
	open_as(&first);
	assert_rows("a1=x a2=x");
}

static int try_live_copy(void)
{
	struct store_options o = {
		.loop = loop, .schema = &first, .dir = dir, .copy = true, .live = true
	};

	return store_open(&o, &s, &e);
}

static void copy_what_goes_on(void)
{
	autobuf struct buf text = { 0 };

	loop = NULL;
	if (sd_event_new(&loop) < 0 || try_live_copy() ||
	    store_load(s, &rows, describe, &text, &e) || strcmp(buf_text(&text), "a1=x a2=y") != 0)
		_exit(3);
}

static void what_is_on_disk_is_copied_of_one_that_is_open_where_that_is_asked_for(
	void **state unused)
{
	open_as(&first);
	put("a", 1, "x");
	put("a", 2, "y");
	flush();
	assert_int_equal(in_child(copy_what_goes_on), 0);
	put("a", 3, "z");
	close_it();
	open_as(&first);
	assert_rows("a1=x a2=y a3=z");
}

/* However it is read: all rows up to some, and no fewer than the last time. */
static void what_is_copied_of_one_that_is_written_is_as_it_once_was(void **state unused)
{
	static char text[64 * 1024];
	unsigned n, last = 0;
	int status, r;
	pid_t pid;

	memset(text, 'x', sizeof(text) - 1);
	batch_text = text; /* so large that the log begins anew, and again */
	batches = 130;
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		write_batches_and_crash();
	do {
		r = waitpid(pid, &status, WNOHANG);
		if (try_live_copy()) {
			assert_true(e.code == EBUSY ||
				    (!last && (e.code == ENOENT || e.code == EBADMSG)));
			continue;
		}
		n = 0;
		assert_int_equal(store_load(s, &rows, count_row, &n, &e), 0);
		assert_true(n >= last && n <= batches);
		last = n;
		close_it();
	} while (!r);
	batch_text = "x";
	assert_int_equal(last, batches);
}

static void nothing_is_made_where_no_store_is(void **state unused)
{
	size_t names = names_in_dir();

	assert_int_equal(try_copy(&first), -ENOENT);
	assert_non_null(strstr(e.text, path));
	assert_int_equal(names_in_dir(), names);
}

static void a_damaged_log_is_not_copied(void **state unused)
{
	struct kept k;

	leave_log(5);
	keep(&k);
	k.log.data[100] = (char)~k.log.data[100];
	put_back(&k);
	assert_int_equal(try_copy(&first), -EBADMSG);
	assert_non_null(strstr(e.text, "has a damaged log"));
	assert_untouched(&k);
	kept_fini(&k);
}

static void nobody_else_may_read_it(void **state unused)
{
	struct stat st;

	open_as(&first);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

/* ---- disks that fail ---- */

/* write(2) of what lies beyond n bytes fails from now on: EFBIG. */
static void limit_files(rlim_t n)
{
	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &(struct rlimit){ n, n }))
		_exit(4);
}

static void write_beyond_limit(void)
{
	char log[160];
	int fd;

	snprintf(log, sizeof(log), "%s/log", dir);
	fd = open(log, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	dup2(fd, STDERR_FILENO);
	loop = NULL;
	if (sd_event_new(&loop) < 0 || try_open_in(dir, &first))
		_exit(5);
	limit_files(64 * KIB);
	for (uint64_t i = 0; i < 3000; i++)
		put("a", i, "something that takes room");
	flush();
}

static void an_io_error_ends_the_process_and_what_was_written_before_stays(void **state unused)
{
	autobuf struct buf text = { 0 };
	char log[160];

	open_as(&first);
	put("a", 1, "x");
	close_it();
	snprintf(log, sizeof(log), "%s/log", dir);
	assert_int_equal(in_child(write_beyond_limit), EXIT_FAILURE);
	assert_int_equal(fs_read(log, 64 * KIB, &text, &e), 0);
	assert_non_null(strstr(buf_text(&text), "store: write "));
	assert_non_null(strstr(text.data, "/try.db-wal: File too large; "));
	open_as(&first);
	assert_rows("a1=x");
}

static const char *taken; /* ".db" or ".db-wal" */

static void lose_it_while_it_is_open(void)
{
	char log[160], from[160], to[160];
	int fd;

	snprintf(log, sizeof(log), "%s/log", dir);
	snprintf(from, sizeof(from), "%s/try%s", dir, taken);
	snprintf(to, sizeof(to), "%s/elsewhere", dir);
	fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	dup2(fd, STDERR_FILENO);
	log_set_standard();
	loop = NULL;
	if (sd_event_new(&loop) < 0 || try_open_in(dir, &first))
		_exit(5);
	put("a", 1, "x");
	flush();
	if (rename(from, to))
		_exit(6);
	put("a", 2, "x");
	flush();
}

static void loses(const char *file)
{
	autobuf struct buf text = { 0 };
	char log[160];

	taken = file;
	snprintf(log, sizeof(log), "%s/log", dir);
	assert_int_equal(in_child(lose_it_while_it_is_open), 2);
	assert_int_equal(fs_read(log, 64 * KIB, &text, &e), 0);
	assert_non_null(
		strstr(buf_text(&text), "was moved, removed or replaced while it was in use"));
}

static void rows_in_a_database_that_was_moved_are_not_acknowledged(void **state unused)
{
	loses(".db");
}

static void nor_are_those_in_a_log_that_was(void **state unused)
{
	loses(".db-wal");
}

static void the_reserve_is_kept_beside_it(void **state unused)
{
	char reserve[160];
	struct stat st;

	snprintf(reserve, sizeof(reserve), "%s/try.reserve", dir);
	open_as(&first);
	assert_int_equal(stat(reserve, &st), 0);
	assert_int_equal(st.st_size, RESERVE);
	assert_true((uint64_t)st.st_blocks * STAT_BLOCK_BYTES >= RESERVE);
	close_it();
	assert_int_equal(truncate(reserve, 1), 0);
	open_as(&first);
	assert_int_equal(stat(reserve, &st), 0);
	assert_int_equal(st.st_size, RESERVE);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static void a_backlog_is_known_until_it_is_written(void **state unused)
{
	autofree char *mib = xcalloc(1, MIB + 1);
	uint64_t n = 0;

	memset(mib, 'x', MIB);
	open_as(&first);
	for (; !store_backlogged(s); n++)
		put(mib, n, "x");
	assert_true(n == STORE_BACKLOG_MAX / MIB || n == STORE_BACKLOG_MAX / MIB + 1);
	flush();
	assert_false(store_backlogged(s));
	close_it();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rows_come_back_in_the_order_of_their_first_put),
		TEST(a_row_is_deleted_by_its_key_alone),
		TEST(closing_writes_what_waits),
		TEST(every_kind_round_trips),
		TEST(what_is_absent_stays_absent_and_replaces_what_was_there),
		TEST(columns_have_the_types_of_sqlite),
		TEST(a_row_that_cannot_be_read_is_named),
		TEST(a_row_without_what_is_required_is_refused),
		TEST(what_the_taker_of_rows_refuses_is_the_end),
		TEST(a_number_that_is_the_key_does_not_decide_the_order),
		TEST(what_is_put_in_one_turn_is_one_batch),
		TEST(batches_count_up_from_one),
		TEST(waits_are_called_in_their_order_once_all_is_on_disk),
		TEST(who_waits_for_nothing_is_called_from_the_loop),
		TEST(a_wait_that_is_cancelled_is_not_called),
		TEST(closing_forgets_the_waits),
		TEST(a_store_without_a_directory_is_in_memory),
		TEST(the_log_is_copied_into_the_database_and_stays_short),
		TEST(columns_that_a_release_does_not_know_stay_when_it_replaces_a_row),
		TEST(a_newer_release_adds_its_columns_and_tables),
		TEST(a_store_that_is_too_new_is_refused),
		TEST(the_database_of_another_program_is_refused_and_left_alone),
		TEST(the_store_of_another_daemon_is_refused),
		TEST(a_file_that_is_no_database_is_refused),
		TEST(a_damaged_database_is_refused),
		TEST(a_new_store_has_its_identity_in_the_file_itself),
		TEST(a_store_that_is_closed_leaves_no_log),
		TEST(no_damaged_byte_of_the_log_loses_more_than_the_last_batch),
		TEST(a_last_transaction_that_is_torn_is_dropped_and_the_next_ones_are_kept),
		TEST(what_an_older_log_left_is_no_damage),
		TEST(a_log_whose_database_is_missing_or_blank_is_refused),
		TEST(a_blank_database_is_taken_with_a_log_that_has_all_of_it),
		TEST(a_directory_on_tmpfs_is_refused),
		TEST(a_second_process_is_refused),
		TEST(a_copy_has_what_is_in_the_log_and_leaves_the_store_as_it_is),
		TEST(a_copy_has_the_columns_of_the_release_that_reads),
		TEST(a_store_that_was_closed_is_copied_too),
		TEST(a_store_that_is_open_is_not_copied_and_its_process_is_named),
		TEST(what_is_on_disk_is_copied_of_one_that_is_open_where_that_is_asked_for),
		TEST(what_is_copied_of_one_that_is_written_is_as_it_once_was),
		TEST(nothing_is_made_where_no_store_is),
		TEST(a_damaged_log_is_not_copied),
		TEST(nobody_else_may_read_it),
		TEST(an_io_error_ends_the_process_and_what_was_written_before_stays),
		TEST(rows_in_a_database_that_was_moved_are_not_acknowledged),
		TEST(nor_are_those_in_a_log_that_was),
		TEST(the_reserve_is_kept_beside_it),
		TEST(a_backlog_is_known_until_it_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
