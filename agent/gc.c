/* The queue of garbage, oldest first, and the one deletion that goes on. */
#include "agent/gc.h"

#include <math.h>
#include <sys/statvfs.h>
#include <uthash.h>

#include "agent/gc_policy.h"
#include "agent/gc_tree.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/sandbox_path.h"
#include "lib/timer.h"
#include "lib/units.h"

/*
 * Where what is deleted is free only later, who waits is given so long to see it. There may be
 * thousands that free little of what is missing: after such a one others go for as long a time.
 */
#define LINGER_NS    (50 * NSEC_PER_MSEC)
#define LINGER_TRIES 20
#define LITTLE       16 /* a part of what is missing */

struct room {
	uint64_t bytes, files;
};

struct entry {
	UT_hash_handle hh; /* by path */
	struct list node;  /* in queue or failed; of the current one: in none */
	char *path;
	int64_t since; /* wall clock */
	int64_t due_ns;
	bool complained;
};

struct gc {
	struct gc_options o;
	struct entry *entries;
	struct list queue;  /* by due_ns, then since */
	struct list failed; /* not tried before the next look at the disk */
	struct list waits;
	sd_event_source *timer, *watch;
	atomic_bool stop;

	/* the deletion */
	struct work job;
	struct entry *current; /* NULL: none goes on */
	char *keep_agent;
	int outcome;
	struct error error;

	/* what the last one freed */
	sd_event_source *linger; /* NULL: all of it is seen */
	unsigned lingers;        /* in a row */
	struct room seen;        /* what was free at the last look, */
	struct room before;      /* and before the deletion */
	bool little;             /* the last that was waited for has freed little */
	int64_t lingered_ns;     /* when that was known */
};

static void pump(struct gc *gc);
static void linger(struct gc *gc, struct room seen);

/* ---- the queue ---- */

static bool before(const struct entry *a, const struct entry *b)
{
	return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->since < b->since;
}

/* From the end: most are younger than all that is there. */
static void enqueue(struct gc *gc, struct entry *x)
{
	struct list *at = gc->queue.prev;

	while (at != &gc->queue && before(x, list_entry(at, struct entry, node)))
		at = at->prev;
	list_append(at->next, &x->node);
}

static struct entry *find(struct gc *gc, const char *path)
{
	struct entry *x;

	HASH_FIND_STR(gc->entries, path, x);
	return x;
}

static void add(struct gc *gc, const char *path, int64_t since)
{
	struct entry *x = xcalloc(1, sizeof(*x));

	x->path = xstrdup(path);
	x->since = since;
	/* Both clocks at one moment, or those of one turn of the loop would change their order. */
	x->due_ns = now_ns() + gc_left(gc->o.delay_ns, since, wall_ns());
	HASH_ADD_KEYPTR(hh, gc->entries, x->path, strlen(x->path), x);
	enqueue(gc, x);
	gc->o.metrics->gc_pending = HASH_COUNT(gc->entries);
}

static void forget(struct gc *gc, struct entry *x)
{
	HASH_DEL(gc->entries, x);
	gc->o.metrics->gc_pending = HASH_COUNT(gc->entries);
	free(x->path);
	free(x);
}

/* The oldest, if it is to go now. */
static struct entry *next(struct gc *gc)
{
	struct entry *x = list_first(&gc->queue, struct entry, node);
	bool go = x && (x->due_ns <= loop_now(gc->o.loop) || !list_empty(&gc->waits) ||
			HASH_COUNT(gc->entries) > gc->o.entries_max);

	return go ? x : NULL;
}

static int on_timer(sd_event_source *source unused, uint64_t usec unused, void *arg)
{
	pump(arg);
	return 0;
}

/* While something is being deleted its end is what is waited for. */
static void arm(struct gc *gc)
{
	struct entry *x = list_first(&gc->queue, struct entry, node);
	int64_t now = loop_now(gc->o.loop);

	if (gc->current)
		return;
	if (x)
		timer_set(gc->o.loop, &gc->timer, next(gc) ? 0 : x->due_ns - now, on_timer, gc);
	else
		gc->timer = sd_event_source_disable_unref(gc->timer);
}

/* ---- the deletion ---- */

static void run(struct work *job)
{
	struct gc *gc = container_of(job, struct gc, job);

	gc->outcome = gc_tree_remove(gc->o.work_dir_fd, gc->current->path, gc->keep_agent,
				     &gc->stop, &gc->error);
}

static void deleted(struct gc *gc, struct entry *x)
{
	struct garbage_row row = { .path = x->path };

	log_info("gc: sandbox %s/%s: deleted", gc->o.work_dir, x->path);
	gc->o.metrics->gc_succeeded++;
	store_delete(gc->o.store, &garbage_table, &row);
	if (gc->o.deleted)
		gc->o.deleted(x->path, gc->o.ctx);
	forget(gc, x);
}

static void not_deleted(struct gc *gc, struct entry *x)
{
	if (!x->complained)
		log_warning("gc: sandbox %s/%s: cannot be deleted, tried again at each look at "
			    "the disk: %s",
			    gc->o.work_dir, x->path, gc->error.text);
	x->complained = true;
	gc->o.metrics->gc_failed++;
	list_append(&gc->failed, &x->node);
}

/* statvfs(3); an error, which only a file system that is gone gives, is no room at all. */
static struct room room(struct gc *gc)
{
	struct statvfs v;

	if (gc->o.disk(gc->o.work_dir_fd, &v))
		return (struct room){ .bytes = 0 };
	return (struct room){
		.bytes = (uint64_t)v.f_bavail * v.f_frsize,
		.files = v.f_files ? v.f_favail : UINT64_MAX,
	};
}

static void done(struct work *job)
{
	struct gc *gc = container_of(job, struct gc, job);
	struct entry *x = take_ptr(gc->current);

	if (gc->outcome == -ECANCELED)
		enqueue(gc, x);
	else if (gc->outcome)
		not_deleted(gc, x);
	else
		deleted(gc, x);
	gc->lingers = 0;
	if (gc->o.frees_late && (!gc->little || now_ns() - gc->lingered_ns >= LINGER_NS))
		linger(gc, room(gc));
	pump(gc);
}

static void start(struct gc *gc, struct entry *x)
{
	list_remove(&x->node);
	gc->current = x;
	gc->timer = sd_event_source_disable_unref(gc->timer);
	replace_str(&gc->keep_agent, gc->o.agent_id ? *gc->o.agent_id : NULL);
	gc->before = room(gc);
	gc->job = (struct work){ .run = run, .done = done };
	work_submit(gc->o.pool, &gc->job);
}

/* ---- who waits for room ---- */

static bool has_room(struct gc *gc, const struct gc_wait *w)
{
	struct room r = room(gc);

	return r.bytes >= w->bytes && r.files >= w->files;
}

static enum gc_more more(struct gc *gc)
{
	return gc->o.more ? gc->o.more(gc->o.ctx) : GC_ENOUGH;
}

/* w may free itself, wait again, or cancel others. */
static void answer(struct gc_wait *w)
{
	void (*fn)(struct gc_wait *) = w->fn;

	gc_wait_cancel(w);
	fn(w);
}

static void answer_those_with_room(struct gc *gc)
{
	struct gc_wait *w;

	while ((w = list_first(&gc->waits, struct gc_wait, node)) && has_room(gc, w) &&
	       more(gc) == GC_ENOUGH)
		answer(w);
}

static void note_little(struct gc *gc, const struct room *now)
{
	const struct gc_wait *w = list_first(&gc->waits, struct gc_wait, node);
	uint64_t missing = w ? w->bytes - MIN(now->bytes, w->bytes) : 0;

	gc->little = now->bytes - MIN(gc->before.bytes, now->bytes) < missing / LITTLE;
	gc->lingered_ns = now_ns();
}

/* As long as it becomes more; others may delete, too. */
static int on_linger(sd_event_source *source unused, uint64_t usec unused, void *arg)
{
	struct gc *gc = arg;
	struct room now = room(gc);
	bool grows = now.bytes > gc->seen.bytes || now.files > gc->seen.files;

	gc->linger = sd_event_source_disable_unref(gc->linger);
	if (grows && ++gc->lingers < LINGER_TRIES)
		linger(gc, now);
	else
		note_little(gc, &now);
	pump(gc);
	return 0;
}

static void linger(struct gc *gc, struct room seen)
{
	gc->seen = seen;
	timer_set(gc->o.loop, &gc->linger, LINGER_NS, on_linger, gc);
}

/* Something that is needed comes without a deletion. */
static bool is_coming(struct gc *gc)
{
	return !list_empty(&gc->waits) && (gc->linger || more(gc) == GC_COMING);
}

static void answer_without_room(struct gc *gc)
{
	struct gc_wait *w;

	while ((w = list_first(&gc->waits, struct gc_wait, node))) {
		uint64_t bytes = room(gc).bytes;
		autobuf struct buf missing = { 0 };

		bytes_print_human(w->bytes - MIN(bytes, w->bytes), &missing);
		if (bytes < w->bytes && !w->silent)
			log_warning("gc: a launch goes on although %s of disk are missing in %s: "
				    "there is no garbage left",
				    buf_text(&missing), gc->o.work_dir);
		w->in_vain = true;
		answer(w);
	}
}

static void pump(struct gc *gc)
{
	struct entry *x;

	if (gc->stop)
		return;
	answer_those_with_room(gc);
	if (gc->current || is_coming(gc))
		return;
	x = next(gc);
	if (x) {
		start(gc, x);
		return;
	}
	answer_without_room(gc);
	arm(gc);
}

void gc_make_room(struct gc *gc, struct gc_wait *w, uint64_t bytes, uint64_t files,
		  void (*fn)(struct gc_wait *w))
{
	assert(!w->fn);
	w->bytes = bytes;
	w->files = files;
	w->in_vain = false;
	w->fn = fn;
	list_append(&gc->waits, &w->node);
	pump(gc);
}

void gc_look_again(struct gc *gc)
{
	pump(gc);
}

void gc_wait_cancel(struct gc_wait *w)
{
	if (!w->fn)
		return;
	list_remove(&w->node);
	w->fn = NULL;
}

/* ---- the look at the disk ---- */

/* What is older than max_age is due now; how many were not before. */
static unsigned shorten(struct gc *gc, int64_t max_age)
{
	int64_t now = loop_now(gc->o.loop);
	unsigned count = 0;
	struct entry *x;

	list_for_each(x, &gc->queue, node) {
		if (x->due_ns > now + (gc->o.delay_ns - max_age))
			break;
		count += x->due_ns > now;
		x->due_ns = MIN(x->due_ns, now);
	}
	return count;
}

/* Of its blocks or of its files, whichever are scarcer; some file systems do not count files. */
static double usage_of(const struct statvfs *v)
{
	double blocks = (double)(v->f_blocks - v->f_bfree) / (double)v->f_blocks;
	double files = v->f_files ? (double)(v->f_files - v->f_ffree) / (double)v->f_files : 0;

	return MAX(blocks, files);
}

static void look_at_disk(struct gc *gc)
{
	autobuf struct buf age = { 0 };
	struct statvfs v;
	int64_t max_age;
	unsigned count;
	double usage;
	int r = gc->o.disk(gc->o.work_dir_fd, &v);

	if (r || !v.f_blocks) {
		log_warning("gc: cannot learn how full the disk of %s is: %s", gc->o.work_dir,
			    r ? strerror(errno) : "it does not say how large it is");
		return;
	}
	usage = usage_of(&v);
	max_age = gc_max_age(gc->o.delay_ns, gc->o.headroom, usage);
	count = shorten(gc, max_age);
	duration_print(max_age, &age);
	log_line(count ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG,
		 "gc: disk of %s: usage=%.2f%% max_age=%s going_early=%u", gc->o.work_dir,
		 usage * 100, buf_text(&age), count);
}

static int on_watch(sd_event_source *source unused, uint64_t usec unused, void *arg)
{
	struct gc *gc = arg;
	struct entry *x;

	list_for_each(x, &gc->failed, node) {
		list_remove(&x->node);
		enqueue(gc, x);
	}
	look_at_disk(gc);
	timer_set(gc->o.loop, &gc->watch, gc->o.watch_interval_ns, on_watch, gc);
	pump(gc);
	return 0;
}

/* ---- what becomes garbage ---- */

static void put(struct gc *gc, const char *path, int64_t since)
{
	struct garbage_row row = { .path = (char *)path, .since = since, .has_since = true };

	store_put(gc->o.store, &garbage_table, &row);
	add(gc, path, since);
}

int gc_restore(struct gc *gc, const struct garbage_row *row, struct error *e)
{
	if (!sandbox_path_is(row->path))
		return error_set(e, EBADMSG, "garbage: '%s' is not the path of a sandbox",
				 row->path);
	if (!find(gc, row->path))
		add(gc, row->path, row->since);
	arm(gc);
	return 0;
}

void gc_add(struct gc *gc, const char *path, int64_t since_wall_ns)
{
	if (find(gc, path))
		return;
	if (!sandbox_path_is(path)) {
		log_error("gc: '%s' is not the path of a sandbox: it is not deleted", path);
		return;
	}
	put(gc, path, since_wall_ns);
	arm(gc);
}

struct stray {
	char *path;
	int64_t since;
};

struct strays {
	struct gc *gc;
	bool (*known)(const char *container_id, void *ctx);
	void *ctx;
	struct stray *list;
	size_t count;
};

/* One whose deletion has begun is of no more use to anybody: it goes on at once. */
static void resume(struct gc *gc, struct entry *x)
{
	if (x == gc->current)
		return;
	list_remove(&x->node);
	x->due_ns = 0;
	enqueue(gc, x);
}

static void on_found(const char *path, const char *container_id, int64_t mtime_ns, bool gone,
		     void *ctx)
{
	struct strays *s = ctx;
	struct entry *x = find(s->gc, path);

	if (x && gone)
		resume(s->gc, x);
	if (x || (!gone && s->known(container_id, s->ctx)))
		return;
	s->list = xreallocarray(s->list, s->count + 1, sizeof(*s->list));
	s->list[s->count++] = (struct stray){ .path = xstrdup(path), .since = gone ? 0 : mtime_ns };
}

static int by_since(const void *a, const void *b)
{
	const struct stray *x = a, *y = b;

	return (x->since > y->since) - (x->since < y->since);
}

void gc_find_strays(struct gc *gc, bool (*known)(const char *container_id, void *ctx), void *ctx)
{
	struct strays s = { .gc = gc, .known = known, .ctx = ctx };

	gc_tree_find(gc->o.work_dir_fd, gc->o.agent_id ? *gc->o.agent_id : NULL, on_found, &s);
	if (s.count)
		qsort(s.list, s.count, sizeof(*s.list), by_since);
	for (size_t i = 0; i < s.count; i++) {
		log_info("gc: sandbox %s/%s: nobody knows it, it is garbage", gc->o.work_dir,
			 s.list[i].path);
		if (!find(gc, s.list[i].path))
			put(gc, s.list[i].path, s.list[i].since);
		free(s.list[i].path);
	}
	free(s.list);
	arm(gc);
}

/* ---- begin and end ---- */

int gc_check_flags(const struct agent_flags *flags, struct error *e)
{
	if (!(flags->gc_disk_headroom >= 0 && flags->gc_disk_headroom <= 1))
		return error_set(e, EINVAL, "--gc_disk_headroom: must be between 0 and 1, not '%g'",
				 flags->gc_disk_headroom);
	if (flags->disk_watch_interval < INTERVAL_MIN_NS)
		return error_set(e, EINVAL, "--disk_watch_interval: must be at least 1ms");
	return 0;
}

int gc_new(const struct gc_options *o, struct gc **ret, struct error *e)
{
	struct gc *gc = xcalloc(1, sizeof(*gc));

	gc->o = *o;
	gc->o.disk = o->disk ?: fstatvfs;
	gc->o.entries_max = o->entries_max ?: GC_ENTRIES_MAX;
	list_init(&gc->queue);
	list_init(&gc->failed);
	list_init(&gc->waits);
	timer_set(o->loop, &gc->watch, o->watch_interval_ns, on_watch, gc);
	if (!gc->watch) {
		free(gc);
		return error_set(e, ENOMEM, "gc: cannot set its timer");
	}
	*ret = gc;
	return 0;
}

void gc_stop(struct gc *gc)
{
	atomic_store(&gc->stop, true);
	gc->timer = sd_event_source_disable_unref(gc->timer);
	gc->watch = sd_event_source_disable_unref(gc->watch);
	gc->linger = sd_event_source_disable_unref(gc->linger);
}

void gc_free(struct gc *gc)
{
	struct entry *x, *next_one;
	struct gc_wait *w;

	if (!gc)
		return;
	gc_stop(gc);
	list_for_each(w, &gc->waits, node)
		gc_wait_cancel(w);
	HASH_ITER(hh, gc->entries, x, next_one)
		forget(gc, x);
	free(gc->keep_agent);
	free(gc);
}
