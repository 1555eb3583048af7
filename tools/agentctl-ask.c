/* One question at a time to the agent, and what it means that there is no answer. */
#include "tools/agentctl.h"

#include "tools/query.h"
#include "tools/terminal.h"

struct ask {
	bool done;
	enum query_end end;
	struct message answer;
	struct buf why; /* if not */
};

static void on_done(void *owner, enum query_end end, struct message *answer, const char *why)
{
	struct ask *q = owner;

	q->done = true;
	q->end = end;
	if (answer) {
		q->answer = *answer;
		*answer = (struct message){ 0 };
	} else {
		printable_add(&q->why, why);
	}
}

/* STATUS_OK: it has ended, somehow, or we are to. */
static enum status run(struct agentctl *a, enum message_type question, const void *body,
		       struct ask *q, struct error *e)
{
	struct query *query = NULL;
	int r = query_new(a->loop, a->streams, a->socket, question, body, a->flags.timeout, on_done,
			  q, &query, e);

	if (r)
		return r == -EINVAL ? STATUS_USAGE : STATUS_FAILED;
	while (r >= 0 && !q->done && !a->stopped)
		r = sd_event_run(a->loop, UINT64_MAX);
	if (!q->done)
		query_free(query);
	if (r >= 0)
		return STATUS_OK;
	error_set(e, -r, "event loop: %s", strerror(-r));
	return STATUS_FAILED;
}

/* Who does not answer is not always gone, and may have heard enough. */
static enum status no_answer(const struct agentctl *a, enum message_type question, struct ask *q,
			     struct error *e)
{
	const char *why =
		q->end == QUERY_ANSWERED ? "it answers something else" : buf_text(&q->why);

	if (q->end == QUERY_HEARD && question == QUERY_SET_QUOTA) {
		error_set(e, EINPROGRESS,
			  "the agent on %s has heard that and does not say that it is done: %s; it "
			  "may still do it: quota show tells",
			  a->socket, why);
		return STATUS_PENDING;
	}
	if (q->end == QUERY_HEARD || q->end == QUERY_SILENT)
		error_set(e, ETIMEDOUT,
			  "the agent on %s hangs, is stopped or very busy: %s; nothing was "
			  "changed, and --timeout waits longer",
			  a->socket, why);
	else
		error_set(
			e, ENOTCONN,
			"no agent answers on %s: %s; is it running, and does it run as this user? "
			"--runtime_dir names another",
			a->socket, why);
	return STATUS_UNREACHABLE;
}

static enum status judge(const struct agentctl *a, struct ask *q, enum message_type question,
			 enum message_type expected, struct message *ret, struct error *e)
{
	bool answered = q->end == QUERY_ANSWERED;
	autobuf struct buf says = { 0 };

	if (answered && q->answer.type == expected) {
		*ret = q->answer;
		q->answer = (struct message){ 0 };
		return STATUS_OK;
	}
	if (answered && q->answer.type == COMMON_ERROR) {
		printable_add(&says, ((struct error_message *)q->answer.body)->message);
		error_set(e, EPROTO, "the agent refuses: %s", buf_text(&says));
		return STATUS_FAILED;
	}
	return no_answer(a, question, q, e);
}

enum status agentctl_ask(struct agentctl *a, enum message_type question, const void *body,
			 enum message_type expected, struct message *ret, struct error *e)
{
	struct ask q = { .end = QUERY_FAILED };
	enum status status = run(a, question, body, &q, e);

	if (!status)
		status = judge(a, &q, question, expected, ret, e);
	message_fini(&q.answer);
	buf_fini(&q.why);
	return status;
}

void agentctl_add_json(const struct schema *schema, const void *rec, struct buf *out)
{
	schema_encode_whole(schema, rec, out);
	buf_addc(out, '\n');
}
