/* Streams of status updates: queue, acknowledge, resend. */
#include "agent/updates.h"

#include "lib/task_state.h"

static char *stream_key(const char *framework_id, const char *task_id)
{
	return xasprintf("%s/%s", framework_id, task_id);
}

static void free_update(struct update *u)
{
	list_remove(&u->node);
	schema_free(status_update_schema(), u->body);
	free(u);
}

static void free_stream(struct updates *all, struct update_stream *s)
{
	struct update *u;

	HASH_DEL(all->streams, s);
	list_for_each(u, &s->pending, node)
		free_update(u);
	free(s->key);
	free(s);
}

void updates_fini(struct updates *u)
{
	struct update_stream *s, *next;

	HASH_ITER(hh, u->streams, s, next)
		free_stream(u, s);
}

static struct update_stream *find(const struct updates *u, const char *framework_id,
				  const char *task_id)
{
	autofree char *key = stream_key(framework_id, task_id);
	struct update_stream *s;

	HASH_FIND_STR(u->streams, key, s);
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

static bool known(const struct update_stream *s, const uint8_t uuid[16])
{
	struct update *u;

	if (s->has_acked && !memcmp(s->last_acked, uuid, 16))
		return true;
	list_for_each(u, &s->pending, node)
		if (!memcmp(u->body->status->uuid, uuid, 16))
			return true;
	return false;
}

int updates_add(struct updates *all, struct status_update *body, int64_t now)
{
	struct update_stream *s = find_or_add(all, body->framework_id, body->status->task_id);
	struct update *u;

	assert(body->status->has_uuid);
	if (known(s, body->status->uuid)) {
		schema_free(status_update_schema(), body);
		return UPDATE_DUPLICATE;
	}
	if (list_empty(&s->pending)) {
		s->due_ns = now;
		s->pause_ns = all->pause_min_ns;
	}
	u = xcalloc(1, sizeof(*u));
	list_init(&u->node);
	u->body = body;
	list_append(&s->pending, &u->node);
	return 0;
}

enum update_ack updates_acknowledge(struct updates *all, const char *framework_id,
				    const char *task_id, const uint8_t uuid[16], int64_t now)
{
	struct update_stream *s = find(all, framework_id, task_id);
	struct update *first = s ? list_first(&s->pending, struct update, node) : NULL;
	bool last;

	if (!first || memcmp(first->body->status->uuid, uuid, 16))
		return UPDATE_UNEXPECTED;
	last = task_terminal(first->body->status->state);
	memcpy(s->last_acked, uuid, 16);
	s->has_acked = true;
	free_update(first);
	s->due_ns = now;
	s->pause_ns = all->pause_min_ns;
	if (last)
		free_stream(all, s);
	return last ? UPDATE_ACKED_LAST : UPDATE_ACKED;
}

void updates_run(struct updates *all, int64_t now,
		 void (*send)(const struct status_update *body, void *ctx), void *ctx)
{
	struct update_stream *s, *next;

	HASH_ITER(hh, all->streams, s, next) {
		struct update *first = list_first(&s->pending, struct update, node);

		if (!first || s->due_ns > now)
			continue;
		s->due_ns = now + s->pause_ns;
		s->pause_ns = MIN(s->pause_ns * 2, all->pause_max_ns);
		send(first->body, ctx);
	}
}

void updates_resume(struct updates *all, int64_t now)
{
	struct update_stream *s, *next;

	HASH_ITER(hh, all->streams, s, next) {
		s->due_ns = now;
		s->pause_ns = all->pause_min_ns;
	}
}

int64_t updates_next(const struct updates *all)
{
	struct update_stream *s, *next;
	int64_t due = INT64_MAX;

	HASH_ITER(hh, all->streams, s, next)
		if (!list_empty(&s->pending))
			due = MIN(due, s->due_ns);
	return due;
}

void updates_forget(struct updates *all, const char *framework_id)
{
	autofree char *prefix = xasprintf("%s/", framework_id);
	struct update_stream *s, *next;

	HASH_ITER(hh, all->streams, s, next)
		if (str_starts(s->key, prefix))
			free_stream(all, s);
}

size_t updates_pending(const struct updates *all)
{
	struct update_stream *s, *next;
	size_t n = 0;

	HASH_ITER(hh, all->streams, s, next) {
		struct update *u;

		list_for_each(u, &s->pending, node)
			n++;
	}
	return n;
}
