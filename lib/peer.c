/* HELLO, versions, phases, dispatch by table. */
#include "lib/peer.h"

#include <stdarg.h>
#include <stdio.h>

#include "lib/log.h"
#include "lib/timer.h"

/* What cannot be understood is answered so often on one connection; then that is ended. */
#define BAD_LINES_MAX 16

struct peer {
	const struct peer_server *server;
	const struct peer_protocol *protocol; /* NULL until a HELLO selected it */
	struct stream *stream;
	sd_event_source *hello_timer;
	void *owner;
	unsigned phase; /* 0 until greeted */
	bool announced; /* the owner knows of it: it dialled, or greeted() took it */
	unsigned bad_lines;
};

static void free_peer(struct peer *p)
{
	sd_event_source_disable_unref(p->hello_timer);
	free(p);
}

void peer_send(struct peer *p, enum message_type type, const char *framework_id,
	       const char *executor_id, const void *body)
{
	const struct hello *ours = p->server->hello;

	if (message_arm(type)->language == LANGUAGE_MASTER && ours->has_epoch)
		message_encode_epoch(stream_out(p->stream), type, ours->epoch, body);
	else
		message_encode(stream_out(p->stream), type, framework_id, executor_id, body);
	stream_flush(p->stream);
}

void peer_error(struct peer *p, const char *fmt, ...)
{
	char text[1024];
	struct error printable;
	struct error_message m = { .message = printable.text };
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	error_set(&printable, EPROTO, "%s", text); /* a character may have been cut */
	peer_send(p, COMMON_ERROR, NULL, NULL, &m);
}

/* The stream ends without a callback, so the peer does too. */
void peer_close(struct peer *p)
{
	stream_close(p->stream);
	free_peer(p);
}

void peer_finish(struct peer *p)
{
	stream_finish(p->stream);
	free_peer(p);
}

/* We end it, but whoever owns it has to know. */
static void give_up(struct peer *p, const char *why)
{
	if (p->announced) {
		assert(p->protocol);
		p->protocol->closed(p, why);
	}
	peer_finish(p);
}

/* Whoever can connect can make us write this: one line a second, from all of them together. */
static void complain(const struct peer *p, const char *what, const char *text)
{
	static struct log_limit limit;

	log_limited(&limit, LOG_LEVEL_WARNING, "peer %s: %s: %s", peer_name(p), what, text);
}

static int agree_on_version(const struct peer *p, const struct hello *h, struct error *e)
{
	const char *ours = enum_name(peer_role_values, (int)p->server->hello->role);
	const char *theirs = enum_name(peer_role_values, (int)h->role);
	uint64_t version = MIN(h->protocol_max, (uint64_t)PROTOCOL_MAX);

	if (version < h->protocol_min || version < PROTOCOL_MIN)
		return error_set(e, EPROTONOSUPPORT,
				 "the %s speaks protocol versions %llu to %llu, the %s %d to %d: "
				 "upgrade the %s",
				 theirs, (unsigned long long)h->protocol_min,
				 (unsigned long long)h->protocol_max, ours, PROTOCOL_MIN,
				 PROTOCOL_MAX, h->protocol_min > PROTOCOL_MAX ? ours : theirs);
	return 0;
}

static int select_protocol(struct peer *p, const struct hello *h, struct error *e)
{
	if (p->protocol && p->protocol->role == h->role)
		return 0;
	for (size_t i = 0; !p->protocol && p->server->protocols[i]; i++)
		if (p->server->protocols[i]->role == h->role) {
			p->protocol = p->server->protocols[i];
			return 0;
		}
	return error_set(e, EPROTONOSUPPORT, "role %s has no business here",
			 enum_name(peer_role_values, (int)h->role));
}

static int greet(struct peer *p, const struct hello *h, struct error *e)
{
	bool dialled = p->protocol != NULL;
	int r = agree_on_version(p, h, e);

	if (!r)
		r = select_protocol(p, h, e);
	if (r)
		return r;
	assert(p->protocol);
	stream_set_line_max(p->stream, p->protocol->line_max);
	p->hello_timer = sd_event_source_disable_unref(p->hello_timer);
	if (!dialled)
		peer_send(p, COMMON_HELLO, NULL, NULL, p->server->hello);
	p->phase = PEER_GREETED;
	r = p->protocol->greeted ? p->protocol->greeted(p, h, e) : 0;
	if (!r)
		p->announced = true;
	return r;
}

static void on_hello(struct peer *p, struct message *m)
{
	struct error e;

	if (p->phase) {
		peer_error(p, "HELLO was said already");
		return;
	}
	if (!greet(p, m->body, &e))
		return;
	complain(p, "refused", e.text);
	peer_error(p, "%s", e.text);
	give_up(p, e.text);
}

static void dispatch(struct peer *p, struct message *m)
{
	const struct peer_verb *v;
	struct error e;

	assert(p->protocol);
	if (p->protocol->refuses && p->protocol->refuses(p, m, &e)) {
		complain(p, "refused", e.text);
		give_up(p, e.text);
		return;
	}
	v = p->protocol->verbs;
	if (m->type == COMMON_ERROR)
		complain(p, "says", ((struct error_message *)m->body)->message);
	while (v->fn && v->type != m->type)
		v++;
	if (v->fn && v->phases & p->phase)
		v->fn(p, m);
	else if (m->type != COMMON_ERROR)
		peer_error(p, "%s is not allowed %s", message_arm(m->type)->name,
			   v->fn && p->phase == PEER_GREETED ? "before SUBSCRIBE" : "now");
}

/* Anything but JSON means that the two sides do not understand each other at all. */
static void refuse_line(struct peer *p, int code, const struct error *e)
{
	complain(p, "sent what cannot be taken", e->text);
	peer_error(p, "%s", e->text);
	if (code == -EBADMSG || !p->phase)
		give_up(p, e->text);
	else if (++p->bad_lines == BAD_LINES_MAX)
		give_up(p, "too many lines that cannot be taken");
}

static void on_line(struct stream *s, char *line, size_t len)
{
	static const struct error hello_first = { EPROTO, "HELLO comes first" };
	struct peer *p = stream_owner(s);
	enum language hears = p->protocol ? p->protocol->hears : LANGUAGE_COMMON;
	automessage struct message m = { 0 };
	struct error e;
	int r = message_decode(hears, line, len, &m, &e);

	if (r < 0)
		refuse_line(p, r, &e);
	else if (!p->phase && (r || (m.type != COMMON_HELLO && m.type != COMMON_ERROR)))
		refuse_line(p, -EBADMSG, &hello_first);
	else if (r == MESSAGE_UNKNOWN)
		peer_error(p, "%s", e.text);
	else if (m.type == COMMON_HELLO)
		on_hello(p, &m);
	else if (p->phase)
		dispatch(p, &m);
	else
		give_up(p, ((struct error_message *)m.body)->message);
}

static void on_closed(struct stream *s, const char *why)
{
	struct peer *p = stream_owner(s);

	log_debug("peer %s: closed: %s", peer_name(p), why);
	if (p->announced)
		p->protocol->closed(p, why);
	free_peer(p);
}

static int on_hello_timeout(sd_event_source *source unused, uint64_t now unused, void *arg)
{
	struct peer *p = arg;

	peer_error(p, "no HELLO in time");
	give_up(p, "no HELLO in time");
	return 0;
}

static void expect_hello(struct peer *p)
{
	int64_t ns = p->server->hello_ns ? p->server->hello_ns : PEER_HELLO_NS;

	timer_set(p->server->loop, &p->hello_timer, ns, on_hello_timeout, p);
}

/* Until now the stream had a deadline of its own. */
static void on_connected(struct stream *s)
{
	expect_hello(stream_owner(s));
}

static const struct stream_ops peer_ops = {
	.line = on_line,
	.closed = on_closed,
	.connected = on_connected,
};

void peer_accept(const struct peer_server *server, int fd, struct seat *seat)
{
	struct peer *p = xcalloc(1, sizeof(*p));

	p->server = server;
	p->stream = stream_open(server->streams, fd, seat, LINE_MAX_BYTES, &peer_ops, p);
	expect_hello(p);
}

int peer_dial(const struct peer_server *server, const char *address,
	      const struct peer_protocol *protocol, struct peer **ret, struct error *e)
{
	struct peer *p = xcalloc(1, sizeof(*p));
	int r;

	p->server = server;
	p->protocol = protocol;
	p->announced = true;
	r = stream_connect(server->streams, address, protocol->line_max, &peer_ops, p, &p->stream,
			   e);
	if (r) {
		free(p);
		return r;
	}
	peer_send(p, COMMON_HELLO, NULL, NULL, server->hello);
	*ret = p;
	return 0;
}

struct peer *peer_attach(const struct peer_server *server, int fd,
			 const struct peer_protocol *protocol)
{
	struct peer *p = xcalloc(1, sizeof(*p));

	p->server = server;
	p->protocol = protocol;
	p->announced = true;
	p->stream = stream_open(server->streams, fd, NULL, protocol->line_max, &peer_ops, p);
	expect_hello(p);
	peer_send(p, COMMON_HELLO, NULL, NULL, server->hello);
	return p;
}

void peer_trust(struct peer *p)
{
	stream_trust(p->stream);
}

void peer_subscribed(struct peer *p)
{
	assert(p->phase);
	p->phase = PEER_SUBSCRIBED;
	peer_trust(p);
}

void *peer_ctx(const struct peer *p)
{
	return p->server->ctx;
}

void *peer_owner(const struct peer *p)
{
	return p->owner;
}

void peer_set_owner(struct peer *p, void *owner)
{
	p->owner = owner;
}

const char *peer_name(const struct peer *p)
{
	return stream_peer(p->stream);
}

struct stream *peer_stream(const struct peer *p)
{
	return p->stream;
}
