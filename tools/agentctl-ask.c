/* One question at a time to the agent, and what it means that there is no answer. */
#include "tools/agentctl.h"

#include "tools/query.h"
#include "tools/terminal.h"

struct ask {
	bool done;
	struct message answer;
	bool answered;
	struct buf why; /* if not */
};

static void on_done(void *owner, struct message *answer, const char *why)
{
	struct ask *q = owner;

	q->done = true;
	q->answered = answer != NULL;
	if (answer) {
		q->answer = *answer;
		*answer = (struct message){ 0 };
	} else {
		printable_add(&q->why, why);
	}
}

static int run(struct agentctl *a, enum message_type question, const void *body, struct ask *q,
	       struct error *e)
{
	struct query *query = NULL;
	int r = query_new(a->loop, a->streams, a->socket, question, body, a->flags.timeout, on_done,
			  q, &query, e);

	while (!r && !q->done && !a->stopped) {
		r = sd_event_run(a->loop, UINT64_MAX);
		r = r < 0 ? error_set(e, -r, "event loop: %s", strerror(-r)) : 0;
	}
	if (!q->done)
		query_free(query);
	return r;
}

static enum status judge(const struct agentctl *a, struct ask *q, enum message_type expected,
			 struct message *ret, struct error *e)
{
	autobuf struct buf says = { 0 };

	if (q->answered && q->answer.type == expected) {
		*ret = q->answer;
		q->answer = (struct message){ 0 };
		return STATUS_OK;
	}
	if (q->answered && q->answer.type == COMMON_ERROR) {
		printable_add(&says, ((struct error_message *)q->answer.body)->message);
		error_set(e, EPROTO, "the agent refuses: %s", buf_text(&says));
		return STATUS_FAILED;
	}
	error_set(e, ENOTCONN,
		  "no agent answers on %s: %s; is it running, and does it run as this user? "
		  "--runtime_dir names another",
		  a->socket, q->answered ? "it answers something else" : buf_text(&q->why));
	return STATUS_UNREACHABLE;
}

enum status agentctl_ask(struct agentctl *a, enum message_type question, const void *body,
			 enum message_type expected, struct message *ret, struct error *e)
{
	struct ask q = { .done = false };
	enum status status = STATUS_USAGE;

	if (!run(a, question, body, &q, e))
		status = judge(a, &q, expected, ret, e);
	message_fini(&q.answer);
	buf_fini(&q.why);
	return status;
}

void agentctl_add_json(const struct schema *schema, const void *rec, struct buf *out)
{
	schema_encode(schema, rec, out);
	buf_addc(out, '\n');
}
