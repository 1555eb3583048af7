/* Bytes of one stream: read within bounds and cut into lines, written as the socket takes them. */
#include "lib/stream-internal.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#define READ_CHUNK    (64 * KIB) /* bytes per recv(2) */
#define READ_LAST     (16 * MIB) /* bytes read from a peer that takes no more from us */
#define KEEP_CAPACITY (4 * KIB)  /* of an empty output buffer: most connections are idle */

int stream_send(struct stream *s)
{
	size_t left = stream_queued(s);
	ssize_t n;

	if (!left)
		return 0;
	n = send(s->fd, s->out.data + s->sent, left, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	s->sent += (size_t)n;
	return 0;
}

/* Reading */

static void deliver(struct stream *s)
{
	autofree char *why = NULL;
	char *line;
	size_t len;
	int r = 0;

	while (s->state == STREAM_OPEN && (r = lines_next(&s->lines, &line, &len)) > 0)
		s->ops->line(s, line, len);
	if (s->state == STREAM_OPEN && r < 0) {
		why = xasprintf("sent a line longer than %zu bytes", s->lines.max);
		stream_end(s, why);
	}
}

static void end_of_input(struct stream *s, int code)
{
	size_t half = s->lines.in.len - s->lines.taken;
	autofree char *why = NULL;

	if (!code)
		stream_send(s); /* who closed only its own side still hears the answer */
	if (code)
		why = xasprintf("read: %s", strerror(code));
	else if (half && s->state == STREAM_OPEN)
		why = xasprintf("closed by the peer in the middle of a line (%zu bytes)", half);
	else
		why = xstrdup("closed by the peer");
	stream_end(s, why);
}

/* Returns the bytes that came, 0 when there is nothing more to read now (or ever). */
static size_t read_chunk(struct stream *s)
{
	char *at = lines_reserve(&s->lines, READ_CHUNK);
	ssize_t n = recv(s->fd, at, READ_CHUNK, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		end_of_input(s, n < 0 ? errno : 0);
		return 0;
	}
	if (s->state != STREAM_OPEN)
		return (size_t)n; /* finishing: nobody listens any more */
	lines_added(&s->lines, (size_t)n);
	deliver(s);
	return (size_t)n;
}

void stream_read(struct stream *s, size_t most)
{
	size_t n, total = 0;

	do {
		n = read_chunk(s);
		total += n;
	} while (n == READ_CHUNK && total < most && s->state != STREAM_DEAD);
	if (s->lines.taken == s->lines.in.len)
		lines_fini(&s->lines); /* an idle connection costs no buffer */
}

/*
 * The peer takes no more, but what it said before it left still counts: the last
 * status update of an executor, say, that we were just sending a PING to.
 */
static void read_the_rest(struct stream *s, int code)
{
	autofree char *why = xasprintf("write: %s", strerror(code));
	size_t n, total = 0;

	s->sent = s->out.len = 0;
	while (s->state == STREAM_OPEN && total < READ_LAST && (n = read_chunk(s)) > 0)
		total += n;
	if (s->state != STREAM_DEAD)
		stream_end(s, why);
}

/* Writing */

static void drop_sent(struct stream *s)
{
	if (s->sent == s->out.len) {
		s->sent = s->out.len = 0;
		if (s->out.cap > KEEP_CAPACITY)
			buf_fini(&s->out);
	} else if (s->sent >= s->out.len / 2) {
		buf_consume(&s->out, s->sent);
		s->sent = 0;
	}
}

/* A peer that has data of ours unread loses it if we close now: wait until it leaves. */
static void shut_output(struct stream *s)
{
	if (!s->shut)
		shutdown(s->fd, SHUT_WR);
	s->shut = true;
}

void stream_write(struct stream *s)
{
	int r = stream_send(s);

	if (r < 0) {
		read_the_rest(s, -r);
		return;
	}
	drop_sent(s);
	if (!stream_queued(s) && s->state == STREAM_FINISHING)
		shut_output(s);
	stream_watch(s, EPOLLIN | (stream_queued(s) ? EPOLLOUT : 0));
}
