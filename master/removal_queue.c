/* The queue of removals, on a clock that is passed in. */
#include "master/removal_queue.h"

const char *const removal_reasons[] = {
	[REMOVAL_UNANSWERED] = "health check timed out",
	[REMOVAL_NOT_BACK] = "did not re-register in time",
};

void removal_queue_init(struct removal_queue *q, int64_t interval_ns)
{
	*q = (struct removal_queue){ 0 };
	ratelimit_init(&q->limit, interval_ns);
}

void removal_free(struct removal *r)
{
	if (!r)
		return;
	free(r->hostname);
	free(r);
}

static struct removal *take_out(struct removal_queue *q, struct removal *r)
{
	ratelimit_cancel(&q->limit, &r->ticket);
	HASH_DEL(q->by_id, r);
	return r;
}

void removal_queue_fini(struct removal_queue *q)
{
	struct removal *r, *next;

	HASH_ITER(hh, q->by_id, r, next)
		removal_free(take_out(q, r));
	free(take_ptr(q->held));
}

static struct removal *find(const struct removal_queue *q, const char *agent_id)
{
	struct removal *r;

	HASH_FIND_STR(q->by_id, agent_id, r);
	return r;
}

bool removal_queue_add(struct removal_queue *q, const char *agent_id, const char *hostname,
		       enum removal_kind kind, int64_t now)
{
	size_t size = strlen(agent_id) + 1;
	struct removal *r;

	if (find(q, agent_id))
		return false;
	r = xcalloc(1, sizeof(*r) + size);
	r->kind = kind;
	r->since_ns = now;
	r->hostname = xstrdup(hostname);
	memcpy(r->agent_id, agent_id, size);
	HASH_ADD_KEYPTR(hh, q->by_id, r->agent_id, size - 1, r);
	ratelimit_request(&q->limit, &r->ticket);
	return true;
}

struct removal *removal_queue_cancel(struct removal_queue *q, const char *agent_id)
{
	struct removal *r = find(q, agent_id);

	return r ? take_out(q, r) : NULL;
}

struct removal *removal_queue_grant(struct removal_queue *q, int64_t now)
{
	struct ratelimit_ticket *t = ratelimit_grant(&q->limit, now);

	return t ? take_out(q, container_of(t, struct removal, ticket)) : NULL;
}

int64_t removal_queue_next(const struct removal_queue *q, int64_t now)
{
	return ratelimit_next(&q->limit, now);
}

static void decide(struct removal_queue *q)
{
	q->limit.paused = q->paused || q->held;
}

void removal_queue_pause(struct removal_queue *q)
{
	q->paused = true;
	decide(q);
}

void removal_queue_hold(struct removal_queue *q, const char *sentence)
{
	replace_str(&q->held, sentence);
	decide(q);
}

void removal_queue_release(struct removal_queue *q)
{
	free(take_ptr(q->held));
	decide(q);
}

void removal_queue_resume(struct removal_queue *q)
{
	q->paused = false;
	removal_queue_release(q);
}

static void add_queue(const struct removal_queue *q, int64_t now, struct buf *out)
{
	struct ratelimit_ticket *t;

	view_open(out);
	list_for_each(t, &q->limit.queue, node) {
		const struct removal *r = container_of(t, struct removal, ticket);
		struct removal_view v = {
			.agent_id = (char *)r->agent_id,
			.hostname = r->hostname,
			.reason = (char *)removal_reasons[r->kind],
			.waiting_seconds = ns_seconds(now - r->since_ns),
		};

		view_item(out);
		view_encode(removal_view_schema(), &v, out);
	}
	view_close(out);
}

static const char *state(const struct removal_queue *q)
{
	if (q->held)
		return q->paused ? "held and paused" : "held";
	return q->paused ? "paused" : "running";
}

static void add_text(struct buf *out, const char *text)
{
	if (text)
		buf_add_json(out, text);
	else
		buf_adds(out, "null");
}

void removal_queue_view(const struct removal_queue *q, const char *limit, int64_t now,
			struct buf *out)
{
	autobuf struct buf queue = { 0 }, reason = { 0 }, rate = { 0 }, permit = { 0 };
	int64_t next = removal_queue_next(q, now);
	struct removals_view v = {
		.state = (char *)state(q),
	};

	add_text(&reason, q->held ? q->held : q->paused ? "An operator paused it." : NULL);
	add_text(&rate, limit);
	if (next == INT64_MAX)
		add_text(&permit, NULL);
	else
		json_add_number(&permit, ns_seconds(next - now));
	add_queue(q, now, &queue);
	v.reason = buf_text(&reason);
	v.limit = buf_text(&rate);
	v.next_permit_seconds = buf_text(&permit);
	v.queue = buf_text(&queue);
	view_encode(removals_view_schema(), &v, out);
}
