/* Streams of status updates: queue, acknowledge, resend. */
#include "lib/updates.h"

#include "lib/task_state.h"

static char *stream_key(const char *framework_id, const char *task_id)
{
	return xasprintf("%s/%s", framework_id, task_id);
}

/* ---- the queue ---- */

static void put(struct updates *all, size_t place, struct update_stream *s)
{
	all->queue[place] = s;
	s->place = place;
}

static struct update *first_of(const struct update_stream *s)
{
	return list_first(&s->pending, struct update, node);
}

/* What is due at the same time is sent in the order in which it came. */
static bool before(const struct update_stream *a, const struct update_stream *b)
{
	return a->due_ns < b->due_ns || (a->due_ns == b->due_ns && a->sequence < b->sequence);
}

static void sift_up(struct updates *all, struct update_stream *s)
{
	size_t i = s->place;

	for (; i && before(s, all->queue[(i - 1) / 2]); i = (i - 1) / 2)
		put(all, i, all->queue[(i - 1) / 2]);
	put(all, i, s);
}

static void sift_down(struct updates *all, struct update_stream *s)
{
	size_t i = s->place, child;

	for (; (child = 2 * i + 1) < all->queue_count; i = child) {
		if (child + 1 < all->queue_count &&
		    before(all->queue[child + 1], all->queue[child]))
			child++;
		if (!before(all->queue[child], s))
			break;
		put(all, i, all->queue[child]);
	}
	put(all, i, s);
}

static void reschedule(struct updates *all, struct update_stream *s, int64_t due)
{
	s->due_ns = due;
	s->sequence = first_of(s)->sequence;
	sift_up(all, s);
	sift_down(all, s);
}

static void enqueue(struct updates *all, struct update_stream *s, int64_t due)
{
	size_t n = all->queue_count;

	if (!(n & (n - 1))) /* full: it grows to the next power of two */
		all->queue = xreallocarray(all->queue, n ? 2 * n : 1, sizeof(*all->queue));
	all->queue_count++;
	put(all, n, s);
	s->queued = true;
	reschedule(all, s, due);
}

static void dequeue(struct updates *all, struct update_stream *s)
{
	struct update_stream *last = all->queue[--all->queue_count];

	s->queued = false;
	if (last == s)
		return;
	put(all, s->place, last);
	reschedule(all, last, last->due_ns);
}

/* ---- streams ---- */

static struct update *last_of(const struct update_stream *s)
{
	return list_empty(&s->pending) ? NULL : list_entry(s->pending.prev, struct update, node);
}

static bool on_disk(const struct update *u)
{
	return list_empty(&u->unwritten);
}

/* Whether somebody may be told of it. */
static bool tellable(const struct update *u)
{
	return on_disk(u) && !u->holder;
}

/* The first of the stream is another one, or may be told of now, or may not. */
static void new_first(struct updates *all, struct update_stream *s, int64_t now)
{
	const struct update *first = first_of(s);

	if (s->queued)
		dequeue(all, s);
	s->pause_ns = all->pause_min_ns;
	if (first && tellable(first))
		enqueue(all, s, now);
}

static void free_update(struct updates *all, struct update_stream *s, struct update *u)
{
	list_remove(&u->node);
	list_remove(&u->unwritten);
	all->bytes -= u->bytes;
	s->pending_count--;
	schema_free(status_update_schema(), u->body);
	buf_fini(&u->said);
	free(u);
}

static void drop_update(struct updates *all, struct update_stream *s, struct update *u)
{
	if (all->gone)
		all->gone(u, all->ctx);
	free_update(all, s, u);
}

static void free_stream(struct updates *all, struct update_stream *s)
{
	struct update *u;

	if (s->queued)
		dequeue(all, s);
	HASH_DEL(all->streams, s);
	list_for_each(u, &s->pending, node)
		drop_update(all, s, u);
	free(s->key);
	free(s);
}

void updates_init(struct updates *u, int64_t pause_min_ns, int64_t pause_max_ns)
{
	*u = (struct updates){
		.pause_min_ns = pause_min_ns,
		.pause_max_ns = pause_max_ns,
		.next_sequence = 1,
	};
	list_init(&u->unwritten);
}

void updates_fini(struct updates *u)
{
	struct update_stream *s, *next;

	u->gone = NULL;
	HASH_ITER(hh, u->streams, s, next)
		free_stream(u, s);
	free(u->queue);
}

static struct update_stream *find(const struct updates *u, const char *framework_id,
				  const char *task_id)
{
	autofree char *key = stream_key(framework_id, task_id);
	struct update_stream *s;

	HASH_FIND_STR(u->streams, key, s);
	return s;
}

static struct update_stream *stream_of(const struct updates *all, const struct update *u)
{
	struct update_stream *s = find(all, u->body->framework_id, u->body->status->task_id);

	assert(s);
	return s;
}

static struct update_stream *find_or_add(struct updates *u, const char *framework_id,
					 const char *task_id)
{
	struct update_stream *s = find(u, framework_id, task_id);

	if (s)
		return s;
	s = xcalloc(1, sizeof(*s));
	s->key = stream_key(framework_id, task_id);
	list_init(&s->pending);
	HASH_ADD_KEYPTR(hh, u->streams, s->key, strlen(s->key), s);
	return s;
}

static bool was_said(const struct update *u, const uint8_t uuid[16])
{
	for (size_t i = 0; i < u->said.len; i += 16)
		if (!memcmp(u->said.data + i, uuid, 16))
			return true;
	return false;
}

static int state_known(enum task_state before, const struct task_status *status)
{
	return before == status->state ? UPDATE_DUPLICATE : UPDATE_REUSED;
}

/* Whether this uuid was seen: 0, UPDATE_DUPLICATE or UPDATE_REUSED. */
static int known(const struct update_stream *s, const struct task_status *status)
{
	struct update *u;
	int r = 0;

	if (s->has_acked && !memcmp(s->last_acked, status->uuid, 16))
		r = state_known(s->last_acked_state, status);
	list_for_each(u, &s->pending, node)
		if (r != UPDATE_DUPLICATE &&
		    (!memcmp(u->body->status->uuid, status->uuid, 16) || was_said(u, status->uuid)))
			r = state_known(u->body->status->state, status);
	return r;
}

size_t updates_bytes(const struct status_update *body)
{
	return schema_encoded_bytes(status_update_schema(), body);
}

int updates_check(const struct updates *all, const struct status_update *body, struct error *e)
{
	const struct update_stream *s = find(all, body->framework_id, body->status->task_id);
	int r = s ? known(s, body->status) : 0;
	size_t bytes;

	assert(body->status->has_uuid);
	if (r == UPDATE_DUPLICATE)
		return r;
	bytes = updates_bytes(body);
	if (bytes > UPDATE_MAX_BYTES)
		return error_set(
			e, EMSGSIZE,
			"the update has %zu bytes as it is sent, more than the %zu allowed", bytes,
			(size_t)UPDATE_MAX_BYTES);
	if (all->bytes + bytes > UPDATES_MAX_BYTES)
		return error_set(e, ENOBUFS, "too many status updates wait for an acknowledgement");
	return r;
}

static struct update *append(struct updates *all, struct update_stream *s,
			     struct status_update *body, uint64_t sequence, uint64_t batch)
{
	struct update *u = xcalloc(1, sizeof(*u));

	u->body = body;
	u->bytes = updates_bytes(body);
	u->sequence = sequence;
	u->batch = batch;
	list_init(&u->unwritten);
	list_append(&s->pending, &u->node);
	s->pending_count++;
	all->bytes += u->bytes;
	all->next_sequence = MAX(all->next_sequence, sequence + 1);
	return u;
}

/* Its sender still waits to hear that it is on disk; it will be told of what replaces it. */
static struct buf replace_last(struct updates *all, struct update_stream *s)
{
	struct update *last = last_of(s);
	struct buf said = last->said;

	last->said = (struct buf){ 0 };
	drop_update(all, s, last);
	return said;
}

struct update *updates_add(struct updates *all, struct status_update *body, uint64_t batch,
			   int64_t now)
{
	struct update_stream *s = find_or_add(all, body->framework_id, body->status->task_id);
	autobuf struct buf said = { 0 };
	struct update *u;

	assert(body->status->has_uuid && !known(s, body->status));
	if (s->pending_count >= UPDATES_PENDING_MAX &&
	    last_of(s)->body->status->state == body->status->state)
		said = replace_last(all, s);
	u = append(all, s, body, all->next_sequence, batch);
	if (batch) {
		list_append(&all->unwritten, &u->unwritten);
		buf_add(&said, body->status->uuid, 16);
		u->said = said;
		said = (struct buf){ 0 };
	}
	if (s->pending_count == 1)
		new_first(all, s, now);
	return u;
}

void updates_written(struct updates *all, uint64_t batch, int64_t now,
		     void (*written)(const struct update *u, void *ctx), void *ctx)
{
	struct update *u;

	while ((u = list_first(&all->unwritten, struct update, unwritten)) && u->batch <= batch) {
		struct update_stream *s = stream_of(all, u);

		list_remove(&u->unwritten);
		if (first_of(s) == u)
			new_first(all, s, now);
		if (written)
			written(u, ctx);
		buf_fini(&u->said);
	}
}

void updates_hold(struct updates *all, struct update *u, void *holder)
{
	struct update_stream *s = stream_of(all, u);

	assert(holder && !u->holder);
	u->holder = holder;
	if (first_of(s) == u)
		new_first(all, s, 0);
}

void updates_release(struct updates *all, struct update *u, struct labels *labels, uint64_t batch,
		     int64_t now)
{
	struct update_stream *s = stream_of(all, u);

	assert(u->holder);
	u->holder = NULL;
	if (labels) {
		schema_free(labels_schema(), u->body->status->labels);
		u->body->status->labels = labels;
		all->bytes -= u->bytes;
		u->bytes = updates_bytes(u->body);
		all->bytes += u->bytes;
	}
	if (batch) {
		u->batch = batch;
		list_remove(&u->unwritten);
		list_append(&all->unwritten, &u->unwritten);
	}
	if (first_of(s) == u)
		new_first(all, s, now);
}

void updates_said_as(struct update *u, const uint8_t uuid[16])
{
	if (on_disk(u))
		return;
	assert(u->said.len >= 16);
	memcpy(u->said.data + u->said.len - 16, uuid, 16);
}

bool updates_unwritten(const struct updates *all, const uint8_t uuid[16])
{
	struct update *u;

	list_for_each(u, &all->unwritten, unwritten)
		if (was_said(u, uuid))
			return true;
	return false;
}

struct update *updates_restore(struct updates *all, struct status_update *body, uint64_t sequence,
			       int64_t now)
{
	struct update_stream *s = find_or_add(all, body->framework_id, body->status->task_id);
	struct update *u = append(all, s, body, sequence, 0);

	if (s->pending_count == 1)
		new_first(all, s, now);
	return u;
}

static void note_acked(struct update_stream *s, const uint8_t uuid[16], enum task_state state)
{
	memcpy(s->last_acked, uuid, sizeof(s->last_acked));
	s->last_acked_state = state;
	s->has_acked = true;
}

void updates_restore_acknowledged(struct updates *u, const char *framework_id, const char *task_id,
				  const uint8_t uuid[16], enum task_state state)
{
	note_acked(find_or_add(u, framework_id, task_id), uuid, state);
}

enum update_ack updates_acknowledge(struct updates *all, const char *framework_id,
				    const char *task_id, const uint8_t uuid[16], int64_t now)
{
	struct update_stream *s = find(all, framework_id, task_id);
	struct update *first = s ? first_of(s) : NULL;

	if (!first || !tellable(first) || memcmp(first->body->status->uuid, uuid, 16))
		return UPDATE_UNEXPECTED;
	if (task_terminal(first->body->status->state) &&
	    (!all->ids_are_reused || s->pending_count == 1)) {
		free_stream(all, s);
		return UPDATE_ACKED_LAST;
	}
	note_acked(s, uuid, first->body->status->state);
	drop_update(all, s, first);
	new_first(all, s, now);
	return UPDATE_ACKED;
}

/* Of those that may be told: nobody hears of a state before. */
static const struct status_update *latest(const struct update_stream *s)
{
	const struct update *u = last_of(s);

	while (!tellable(u))
		u = list_entry(u->node.prev, struct update, node);
	return u->body;
}

void updates_run(struct updates *all, int64_t now,
		 void (*send)(const struct status_update *body, void *ctx), void *ctx)
{
	assert(all->pause_min_ns > 0); /* or what was sent would be due again at once, for ever */
	while (all->queue_count && all->queue[0]->due_ns <= now) {
		struct update_stream *s = all->queue[0];
		struct status_update *first = first_of(s)->body;
		const struct status_update *newest = latest(s);

		assert(tellable(first_of(s)));
		first->latest_state = newest->latest_state;
		first->has_latest_state = newest->has_latest_state;
		reschedule(all, s, now + s->pause_ns);
		s->pause_ns = MIN(s->pause_ns * 2, all->pause_max_ns);
		send(first, ctx);
	}
}

static int by_sequence(const void *a, const void *b)
{
	const struct update_stream *const *x = a, *const *y = b;

	return ((*x)->sequence > (*y)->sequence) - ((*x)->sequence < (*y)->sequence);
}

/* What is sorted is a heap. */
void updates_resume(struct updates *all, int64_t now)
{
	if (all->queue_count)
		qsort(all->queue, all->queue_count, sizeof(*all->queue), by_sequence);
	for (size_t i = 0; i < all->queue_count; i++) {
		all->queue[i]->place = i;
		all->queue[i]->due_ns = now;
		all->queue[i]->pause_ns = all->pause_min_ns;
	}
}

int64_t updates_next(const struct updates *all)
{
	return all->queue_count ? all->queue[0]->due_ns : INT64_MAX;
}

void updates_resume_framework(struct updates *all, const char *framework_id, int64_t now)
{
	autofree char *prefix = xasprintf("%s/", framework_id);
	struct update_stream *s, *next;

	HASH_ITER(hh, all->streams, s, next) {
		if (!s->queued || !str_starts(s->key, prefix))
			continue;
		s->pause_ns = all->pause_min_ns;
		reschedule(all, s, now);
	}
}

int updates_pending(const struct updates *u, const char *framework_id, const char *task_id,
		    enum task_state *ret)
{
	const struct update_stream *s = find(u, framework_id, task_id);

	if (!s || !s->pending_count)
		return 0;
	if (!tellable(first_of(s)))
		return UPDATE_UNWRITTEN;
	*ret = first_of(s)->body->status->state;
	return 1;
}

void updates_forget(struct updates *all, const char *framework_id)
{
	autofree char *prefix = xasprintf("%s/", framework_id);
	struct update_stream *s, *next;

	HASH_ITER(hh, all->streams, s, next)
		if (str_starts(s->key, prefix))
			free_stream(all, s);
}
