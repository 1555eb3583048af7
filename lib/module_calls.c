/* Two lists, and how much is in them. */
#include "lib/module_calls.h"

#include "lib/stream.h"

/* Calls that are written ahead of the one that runs. */
#define SENT_MAX 64
/*
 * What of them may wait to be written: below what a connection holds against one that does not
 * read.
 */
#define SENT_MAX_BYTES (1 * MIB)
/* What may wait in all: calls are copies of what others bring. */
#define WAITING_MAX_BYTES (64 * MIB)

void host_calls_init(struct host_calls *q,
		     void (*unheard)(struct host_calls *q, const struct host_call *c,
				     const struct error *e))
{
	*q = (struct host_calls){ .unheard = unheard };
	list_init(&q->waiting);
	list_init(&q->refused);
}

struct host_call *host_calls_first(const struct host_calls *q)
{
	return list_first(&q->waiting, struct host_call, node);
}

static void free_call(struct host_call *c)
{
	if (!c->refused)
		c->calls->bytes -= c->line.len;
	c->calls->sent -= c->sent;
	list_remove(&c->node);
	buf_fini(&c->line);
	free(c->module);
	free(c);
}

/* Whether it can wait with the others; if not, its line says why. */
static bool admit(const struct host_calls *q, struct buf *line)
{
	size_t len = line->len;

	if (len <= LINE_MAX_DAEMON_BYTES && len <= WAITING_MAX_BYTES - q->bytes)
		return true;
	buf_fini(line);
	if (len > LINE_MAX_DAEMON_BYTES)
		buf_addf(line, "what it is about is too long: %zu bytes", len);
	else
		buf_addf(line, "calls of %zu bytes wait for its process already", q->bytes);
	return false;
}

struct host_call *host_calls_add(struct host_calls *q, const struct module_call *what,
				 host_call_done *done, void *ctx)
{
	struct host_call *c = xcalloc(1, sizeof(*c));
	struct module_call numbered = *what;

	assert(done);
	c->calls = q;
	c->module = xstrdup(what->module);
	c->function = what->function;
	c->number = numbered.number = ++q->numbers;
	numbered.has_number = true;
	c->done = done;
	c->ctx = ctx;
	c->since_ns = now_ns();
	message_encode(&c->line, MODULE_CALL, NULL, NULL, &numbered);
	c->refused = !admit(q, &c->line);
	if (!c->refused)
		q->bytes += c->line.len;
	list_append(c->refused ? &q->refused : &q->waiting, &c->node);
	return c;
}

void host_calls_cancel(struct host_call *c)
{
	c->done = NULL;
	if (!c->sent)
		free_call(c);
}

static void tell(struct host_call *c, struct module_result *result, const struct error *e)
{
	host_call_done *done = c->done;
	void *ctx = c->ctx;

	free_call(c);
	if (done)
		done(ctx, result, e);
}

void host_calls_finish(struct host_call *c, struct module_result *result, const struct error *e)
{
	struct host_call *next;

	assert(c == host_calls_first(c->calls));
	list_remove(&c->node);
	if (!c->done && e)
		c->calls->unheard(c->calls, c, e);
	next = host_calls_first(c->calls);
	if (next && c->sent)
		next->since_ns = now_ns();
	tell(c, result, e);
}

void host_calls_tell_refused(struct host_calls *q)
{
	struct host_call *c;

	while ((c = list_first(&q->refused, struct host_call, node))) {
		struct error e;

		error_set(&e, EAGAIN, "%s", buf_text(&c->line));
		tell(c, NULL, &e);
	}
}

void host_calls_write(struct host_calls *q, struct stream *s)
{
	struct host_call *c;

	list_for_each(c, &q->waiting, node) {
		if (c->sent)
			continue;
		if (q->sent == SENT_MAX || (q->sent && stream_queued(s) > SENT_MAX_BYTES))
			break;
		buf_add(stream_out(s), c->line.data, c->line.len);
		c->sent = true;
		q->sent++;
	}
	if (q->sent)
		stream_flush(s);
}

void host_calls_wait_anew(struct host_calls *q)
{
	struct host_call *c;

	list_for_each(c, &q->waiting, node) {
		if (!c->done) {
			free_call(c);
			continue;
		}
		c->sent = false;
		c->since_ns = now_ns();
	}
	q->sent = 0;
}

void host_calls_forget(struct host_calls *q)
{
	struct host_call *c;

	list_for_each(c, &q->waiting, node)
		free_call(c);
	list_for_each(c, &q->refused, node)
		free_call(c);
}
