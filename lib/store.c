/*
 * The loop's side: batches, waits, retries. A pool of one thread (lib/work.h) is the writer; there
 * is one batch that gathers and at most one that is written.
 */
#include "lib/store.h"

#include "lib/log.h"
#include "lib/store-db.h"
#include "lib/store-rows.h"
#include "lib/timer.h"
#include "lib/work.h"

/* How long a batch that the disk had no room for waits. */
#define RETRY_NS NSEC_PER_SEC
/* A store that is not written to may be taken away as well. */
#define LOOK_NS (5 * NSEC_PER_SEC)

struct batch {
	uint64_t number, rows;
	struct buf ops; /* store_db_add_put(), store_db_add_delete() */
};

struct store {
	struct store_options options; /* the strings in it are not used later */
	struct store_db db;           /* the writer's while it writes */
	struct work_pool *pool;
	struct work work;
	struct batch gathered, writing;
	bool busy; /* `writing` is with the writer, or waits for the next try */
	struct {   /* what the writer says; ours when work is done */
		bool ran;
		int r;
		int64_t ns;
		uint64_t bytes;
	} outcome;
	uint64_t written;
	bool full;
	sd_event_source *turn, *retry, *look;
	struct list waits; /* in the order of their batches */
	struct store_counts counts;
};

/* ---- the writer ---- */

static void on_write(struct work *w)
{
	struct store *s = container_of(w, struct store, work);
	int64_t start = now_ns();

	s->outcome.r = store_db_write(&s->db, &s->writing.ops);
	s->outcome.ns = now_ns() - start;
	s->outcome.bytes = store_db_bytes(&s->db);
	s->outcome.ran = true;
}

static void submit(struct store *s)
{
	s->outcome.ran = false;
	work_submit(s->pool, &s->work);
}

static void hand_over(struct store *s)
{
	if (s->busy || !s->gathered.rows)
		return;
	s->busy = true;
	s->writing = s->gathered;
	s->gathered = (struct batch){ .number = s->writing.number + 1 };
	submit(s);
}

/* ---- after a batch ---- */

/* The ring is taken apart first: whoever waits again at once is called in the next turn. */
static void call_waits(struct store *s)
{
	struct list due;
	struct store_wait *w;

	list_init(&due);
	while ((w = list_first(&s->waits, struct store_wait, node)) && w->batch <= s->written) {
		list_remove(&w->node);
		list_append(&due, &w->node);
	}
	while ((w = list_first(&due, struct store_wait, node))) {
		list_remove(&w->node);
		w->fn(w);
	}
}

static void set_full(struct store *s, bool full)
{
	if (s->full == full)
		return;
	s->full = full;
	if (s->options.full_changed)
		s->options.full_changed(s->options.ctx);
}

static int on_retry(sd_event_source *source unused, uint64_t usec unused, void *arg)
{
	submit(arg);
	return 0;
}

/* The counts of a batch that is on disk. */
static void finish_batch(struct store *s)
{
	s->written = s->writing.number;
	s->counts.batches++;
	s->counts.rows += s->writing.rows;
	s->counts.last_ms = (double)s->outcome.ns / NSEC_PER_MSEC;
	s->counts.total_ms += s->counts.last_ms;
	buf_fini(&s->writing.ops);
	s->writing.rows = 0;
	s->busy = false;
}

/* The next batch is on its way before anybody is told of this one. */
static void on_done(struct work *w)
{
	struct store *s = container_of(w, struct store, work);

	s->counts.bytes = s->outcome.bytes;
	if (s->outcome.r) {
		timer_set(s->options.loop, &s->retry, RETRY_NS, on_retry, s);
		set_full(s, true);
		return;
	}
	finish_batch(s);
	hand_over(s);
	set_full(s, false);
	if (s->options.written)
		s->options.written(s->options.ctx);
	call_waits(s);
}

static int on_turn(sd_event_source *source unused, void *arg)
{
	struct store *s = arg;

	hand_over(s);
	call_waits(s);
	return 0;
}

static void end_turn(struct store *s)
{
	int r = sd_event_source_set_enabled(s->turn, SD_EVENT_ONESHOT);

	assert(r >= 0);
}

/* ---- rows ---- */

static void added(struct store *s)
{
	if (!s->gathered.rows++ && !s->busy)
		end_turn(s);
}

void store_put(struct store *s, const struct store_table *t, const void *rec)
{
	store_db_add_put(&s->db, store_db_table(&s->db, t), rec, &s->gathered.ops);
	added(s);
}

void store_delete(struct store *s, const struct store_table *t, const void *rec)
{
	store_db_add_delete(&s->db, store_db_table(&s->db, t), rec, &s->gathered.ops);
	added(s);
}

uint64_t store_batch(const struct store *s)
{
	return s->gathered.number;
}

uint64_t store_written(const struct store *s)
{
	return s->written;
}

bool store_backlogged(const struct store *s)
{
	return s->gathered.ops.len + s->writing.ops.len > STORE_BACKLOG_MAX;
}

bool store_full(const struct store *s)
{
	return s->full;
}

struct store_counts store_counts(const struct store *s)
{
	struct store_counts ret = s->counts;

	ret.queued = s->gathered.rows + s->writing.rows;
	return ret;
}

/* One row of a table into rec and to its taker. */
static int load_row(struct store *s, const struct store_table *t, sqlite3_stmt *q, void *rec,
		    int (*row)(void *rec, void *ctx, struct error *e), void *ctx, struct error *e)
{
	int r = store_row_decode(t, q, rec, e);

	if (!r) {
		r = row(rec, ctx, e);
		schema_clear(t->schema(), rec);
	}
	if (r < 0 && s->options.left_out) {
		s->options.left_out(e, s->options.ctx);
		return 0;
	}
	if (r < 0) {
		autofree char *reason = xasprintf("cannot be used (%s)", e->text);

		return store_db_refuse(&s->db, -r, reason, e);
	}
	return r;
}

int store_load(struct store *s, const struct store_table *t,
	       int (*row)(void *rec, void *ctx, struct error *e), void *ctx, struct error *e)
{
	autofree void *rec = xcalloc(1, t->schema()->size);
	autobuf struct buf sql = { 0 };
	sqlite3_stmt *q;
	int r = 0, step;

	assert(s->gathered.number == 1 && !s->gathered.rows);
	store_sql_load(t, &sql);
	step = sqlite3_prepare_v2(s->db.sqlite, buf_text(&sql), -1, &q, NULL);
	while (step == SQLITE_OK && r >= 0 && (step = sqlite3_step(q)) == SQLITE_ROW) {
		r = load_row(s, t, q, rec, row, ctx, e);
		step = SQLITE_OK;
	}
	if (r >= 0 && step != SQLITE_DONE)
		r = store_db_refuse(&s->db, EBADMSG, sqlite3_errmsg(s->db.sqlite), e);
	sqlite3_finalize(q);
	return r < 0 ? r : 0;
}

/* ---- waits ---- */

bool store_waiting(const struct store_wait *w)
{
	return w->node.next && !list_empty(&w->node);
}

void store_wait(struct store *s, struct store_wait *w, void (*fn)(struct store_wait *w))
{
	assert(!store_waiting(w));
	w->fn = fn;
	w->batch = s->gathered.rows ? s->gathered.number : s->gathered.number - 1;
	list_append(&s->waits, &w->node);
	if (w->batch <= s->written)
		end_turn(s);
}

void store_wait_cancel(struct store_wait *w)
{
	if (store_waiting(w))
		list_remove(&w->node);
}

/* ---- beginning and end ---- */

/* While the writer has the database, it looks itself. */
static int on_look(sd_event_source *source unused, uint64_t usec unused, void *arg)
{
	struct store *s = arg;

	if (!s->busy)
		store_db_check_place(&s->db);
	timer_set(s->options.loop, &s->look, LOOK_NS, on_look, s);
	return 0;
}

static int live_in_loop(struct store *s, struct error *e)
{
	int r = sd_event_add_defer(s->options.loop, &s->turn, on_turn, s);

	if (r >= 0)
		r = sd_event_source_set_enabled(s->turn, SD_EVENT_OFF);
	if (r < 0)
		return error_set(e, -r, "add the store to the loop: %s", strerror(-r));
	if (s->db.log)
		timer_set(s->options.loop, &s->look, LOOK_NS, on_look, s);
	return work_pool_new(s->options.loop, "store", 1, NULL, &s->pool, e);
}

static void close_cleanup_store(struct store **s)
{
	store_close(*s);
}

int store_open(const struct store_options *o, struct store **ret, struct error *e)
{
	cleanup(close_cleanup_store) struct store *s = xcalloc(1, sizeof(*s));
	int r;

	s->options = *o;
	s->work = (struct work){ .run = on_write, .done = on_done };
	s->gathered.number = 1;
	list_init(&s->waits);
	r = store_db_open(o, &s->db, e);
	if (!r)
		r = live_in_loop(s, e);
	if (r < 0)
		return r;
	s->counts.bytes = store_db_bytes(&s->db);
	*ret = take_ptr(s);
	return 0;
}

/* Without the writer, which is gone. Whether all is on disk. */
static bool write_rest(struct store *s)
{
	uint64_t lost = 0;

	if (s->busy && !(s->outcome.ran && !s->outcome.r) &&
	    store_db_write(&s->db, &s->writing.ops))
		lost += s->writing.rows;
	if (s->gathered.rows && (lost || store_db_write(&s->db, &s->gathered.ops)))
		lost += s->gathered.rows;
	if (lost)
		log_error("store: the disk of %s is full, %llu rows were not written", s->db.path,
			  (unsigned long long)lost);
	return !lost;
}

void store_close(struct store *s)
{
	struct store_wait *w;
	bool opened;

	if (!s)
		return;
	opened = s->pool != NULL;
	work_pool_free(s->pool);
	if (write_rest(s) && opened)
		store_db_end_log(&s->db);
	while ((w = list_first(&s->waits, struct store_wait, node)))
		list_remove(&w->node);
	sd_event_source_disable_unref(s->turn);
	sd_event_source_disable_unref(s->retry);
	sd_event_source_disable_unref(s->look);
	store_db_fini(&s->db);
	buf_fini(&s->gathered.ops);
	buf_fini(&s->writing.ops);
	free(s);
}
