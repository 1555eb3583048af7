/* quota show, quota set. */
#include "tools/agentctl.h"

#include "lib/units.h"
#include "tools/agentctl-select.h"
#include "tools/agentctl-stored.h"
#include "tools/agentctl-view.h"
#include "tools/terminal.h"

/* ---- which containers ---- */

static enum status ask_store(struct agentctl *a, struct answer_quota *ret, struct error *e)
{
	autofree char *dir = stored_dir(&a->flags);
	autobuf struct buf why = { 0 };
	struct error no_agent = *e, no_store;

	if (stored_quota(a, ret, &why, &no_store)) {
		error_set(e, no_agent.code, "%.*s; nor does its store help: %s",
			  (int)sizeof(no_agent.text) / 2, no_agent.text, no_store.text);
		return STATUS_UNREACHABLE;
	}
	buf_addf(&a->notice,
		 "no agent answers on %s: this is what its store in %s and the kernel say",
		 a->socket, dir);
	if (why.len)
		buf_addf(&a->notice, "; %s", buf_text(&why));
	return STATUS_OK;
}

static enum status select_one(struct agentctl *a, struct answer_quota *q, bool running,
			      struct error *e)
{
	int r = a->arguments[0] ? quota_select(q, a->arguments[0], running, e) : 0;

	if (r)
		return r == -ENOENT ? STATUS_NOT_FOUND : STATUS_USAGE;
	return STATUS_OK;
}

/* ---- show ---- */

static enum status show(struct agentctl *a, struct answer_quota *q, struct buf *out,
			struct error *e)
{
	struct quota_view_options options = {
		.colour = a->colour,
		.exact = a->flags.bytes,
		.room = a->size.columns,
		.sparing = a->flags.watch, /* what goes beyond the edge would not be seen at all */
		.sort = a->flags.sort,
	};
	enum status status = select_one(a, q, false, e);

	if (!status && a->flags.sort && quota_sort(q, a->flags.sort, e))
		status = STATUS_USAGE;
	if (status)
		return status;
	if (a->flags.json)
		agentctl_add_json(answer_quota_schema(), q, out);
	else
		view_quota(q, &options, out);
	return STATUS_OK;
}

enum status command_quota_show(struct agentctl *a, struct buf *out, struct error *e)
{
	automessage struct message m = { 0 };
	struct answer_quota stored = { 0 };
	struct error why;
	enum status status = agentctl_ask(a, QUERY_QUOTA, NULL, ANSWER_QUOTA, &m, &why);

	if (!status)
		return show(a, m.body, out, e);
	if (status == STATUS_UNREACHABLE && !a->stopped)
		status = ask_store(a, &stored, &why);
	if (status)
		*e = why;
	else
		status = show(a, &stored, out, e);
	if (status == STATUS_NOT_FOUND) /* an agent would know those that have ended, too */
		error_wrap(e, "%s", buf_text(&a->notice));
	schema_clear(answer_quota_schema(), &stored);
	return status;
}

/* ---- set ---- */

static int parse_limit(const char *text, struct query_set_quota *ret, struct error *e)
{
	if (!strcmp(text, "default"))
		return 0;
	if (bytes_parse(text, &ret->limit_bytes, e))
		return error_set(e, EINVAL,
				 "'%s' is no limit: it must be a size as in 512MB, or default",
				 text);
	if (!ret->limit_bytes || ret->limit_bytes > INT64_MAX)
		return error_set(e, EINVAL,
				 "'%s' is no limit: it must be more than 0 and below 8EB", text);
	ret->has_limit_bytes = true;
	return 0;
}

/* The container that the first argument means, whole. */
static enum status find_container(struct agentctl *a, char **ret, struct error *e)
{
	automessage struct message m = { 0 };
	enum status status = agentctl_ask(a, QUERY_QUOTA, NULL, ANSWER_QUOTA, &m, e);
	struct answer_quota *q = m.body;

	if (!status)
		status = select_one(a, q, true, e);
	if (status)
		return status;
	if (q->containers_count > 1) {
		error_set(e, EINVAL, "%zu containers have a task '%s': name one by its id",
			  q->containers_count, a->arguments[0]);
		return STATUS_USAGE;
	}
	*ret = take_ptr(q->containers[0].container_id);
	return STATUS_OK;
}

/* It leaves the rest of the time for its answer to come. */
static int64_t patience(const struct agentctl *a)
{
	return a->flags.timeout / 5 * 4;
}

static void say_pending(const struct answer_set_quota *answer, struct error *e)
{
	autobuf struct buf why = { 0 };

	printable_add(&why, answer->pending);
	error_set(
		e, EINPROGRESS,
		"the agent has heard it, and the limit of container %s is not in force yet: %s; it "
		"will be as soon as that has ended",
		answer->container_id, buf_text(&why));
}

static void say(const struct answer_set_quota *answer, bool exact, bool override, struct buf *out)
{
	autobuf struct buf limit = { 0 };

	if (answer->has_limit_bytes && exact)
		buf_addu(&limit, answer->limit_bytes);
	else if (answer->has_limit_bytes)
		bytes_print(answer->limit_bytes, &limit);
	else
		buf_adds(&limit, "none");
	buf_addf(out, "limit of container %s: %s%s\n", answer->container_id, buf_text(&limit),
		 override ? ", set by an operator" : "");
}

static enum status put(struct agentctl *a, struct query_set_quota *question, struct buf *out,
		       struct error *e)
{
	automessage struct message m = { 0 };
	enum status status = agentctl_ask(a, QUERY_SET_QUOTA, question, ANSWER_SET_QUOTA, &m, e);
	const struct answer_set_quota *answer = m.body;
	autobuf struct buf why = { 0 };

	if (status)
		return status;
	if (answer->refused) {
		printable_add(&why, answer->refused);
		error_set(e, EPERM, "the limit of container %s stays: %s", question->container_id,
			  buf_text(&why));
		return STATUS_FAILED;
	}
	if (a->flags.json)
		agentctl_add_json(answer_set_quota_schema(), answer, out);
	else if (answer->pending)
		say_pending(answer, e);
	else
		say(answer, a->flags.bytes, question->has_limit_bytes, out);
	return answer->pending ? STATUS_PENDING : STATUS_OK;
}

enum status command_quota_set(struct agentctl *a, struct buf *out, struct error *e)
{
	struct query_set_quota question = { .wait = patience(a), .has_wait = true };
	enum status status;

	if (parse_limit(a->arguments[1], &question, e))
		return STATUS_USAGE;
	status = find_container(a, &question.container_id, e);
	if (!status)
		status = put(a, &question, out, e);
	schema_clear(query_set_quota_schema(), &question);
	return status;
}
