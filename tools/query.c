/* Dials, says HELLO, asks, and hangs up. */
#include "tools/query.h"

#include "lib/units.h"

/* As much as an agent may queue: an answer is one line, however many containers there are. */
#define ANSWER_MAX STREAM_OUT_MAX

struct query {
	struct peer_server server;
	struct peer *agent; /* NULL once it hung up */
	sd_event_source *timer;
	enum message_type question;
	const void *body;
	int64_t timeout_ns;
	query_done *done;
	void *owner;
	enum query_end silence; /* what it would be, if no more was said */
};

void query_free(struct query *q)
{
	if (!q)
		return;
	if (q->agent)
		peer_close(q->agent);
	sd_event_source_disable_unref(q->timer);
	free(q);
}

static void end(struct query *q, enum query_end end, struct message *answer, const char *why)
{
	q->done(q->owner, end, answer, why);
	query_free(q);
}

static int greeted(struct peer *p, const struct hello *hello unused, struct error *e unused)
{
	struct query *q = peer_ctx(p);

	q->silence = QUERY_HEARD;
	peer_send(p, q->question, NULL, NULL, q->body);
	return 0;
}

static void closed(struct peer *p, const char *why)
{
	struct query *q = peer_ctx(p);

	q->agent = NULL;
	end(q, q->silence == QUERY_HEARD ? QUERY_HEARD : QUERY_FAILED, NULL, why);
}

static void on_answer(struct peer *p, struct message *m)
{
	end(peer_ctx(p), QUERY_ANSWERED, m, NULL);
}

static int on_timeout(sd_event_source *source unused, uint64_t now unused, void *arg)
{
	struct query *q = arg;
	autobuf struct buf why = { 0 };

	buf_adds(&why, "no answer within ");
	duration_print(q->timeout_ns, &why);
	end(q, q->silence, NULL, buf_text(&why));
	return 0;
}

static const struct peer_verb verbs[] = {
	{ COMMON_ERROR, PEER_GREETED, on_answer },
	{ ANSWER_STATUS, PEER_GREETED, on_answer },
	{ ANSWER_CONTAINERS, PEER_GREETED, on_answer },
	{ ANSWER_QUOTA, PEER_GREETED, on_answer },
	{ ANSWER_SET_QUOTA, PEER_GREETED, on_answer },
	{ ANSWER_MODULES, PEER_GREETED, on_answer },
	{ .fn = NULL },
};

static const struct peer_protocol protocol = {
	.role = PEER_AGENT,
	.hears = LANGUAGE_ANSWER,
	.line_max = ANSWER_MAX,
	.verbs = verbs,
	.greeted = greeted,
	.closed = closed,
};

static const struct hello our_hello = { HELLO_OF(PEER_OPERATOR) };

int query_new(sd_event *loop, struct streams *streams, const char *socket,
	      enum message_type question, const void *body, int64_t timeout_ns, query_done *done,
	      void *owner, struct query **ret, struct error *e)
{
	struct query *q = xcalloc(1, sizeof(*q));
	int r;

	assert(done && timeout_ns > 0);
	*q = (struct query){
		.server = { .streams = streams, .loop = loop, .hello = &our_hello, .ctx = q },
		.question = question,
		.body = body,
		.timeout_ns = timeout_ns,
		.done = done,
		.owner = owner,
		.silence = QUERY_SILENT,
	};
	r = sd_event_add_time_relative(loop, &q->timer, CLOCK_MONOTONIC,
				       (uint64_t)(timeout_ns / NSEC_PER_USEC), 0, on_timeout, q);
	if (r < 0)
		r = error_set(e, -r, "timer: %s", strerror(-r));
	else
		r = peer_dial(&q->server, socket, &protocol, &q->agent, e);
	if (r < 0) {
		query_free(q);
		return r;
	}
	*ret = q;
	return 0;
}
