/* Lines in and out of one non-blocking socket. */
#include "agent/executor/link.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#define READ_BYTES 4096

int link_open(struct link *ret, const char *path, bool wait, struct error *e)
{
	autofd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | (wait ? 0 : SOCK_NONBLOCK), 0);
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	if (fd < 0)
		return error_sys(e, "make a socket");
	if (strlen(path) >= sizeof(to.sun_path))
		return error_set(e, ENAMETOOLONG, "socket path %s is longer than %zu bytes", path,
				 sizeof(to.sun_path) - 1);
	strcpy(to.sun_path, path);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)))
		return error_sys(e, "connect to the agent at %s", path);
	if (fcntl(fd, F_SETFL, O_NONBLOCK))
		return error_sys(e, "make a socket non-blocking");
	*ret = (struct link){ .fd = take_fd(fd), .in.max = LINE_MAX_BYTES };
	return 0;
}

void link_close(struct link *l)
{
	close_fd(&l->fd);
	buf_fini(&l->out);
}

void link_fini(struct link *l)
{
	link_close(l);
	lines_fini(&l->in);
}

short link_events(const struct link *l)
{
	return (short)((l->out.len ? POLLOUT : 0) | (l->out.len <= LINK_OUT_MAX ? POLLIN : 0));
}

void link_flush(struct link *l)
{
	while (l->fd >= 0 && l->out.len) {
		ssize_t n = send(l->fd, l->out.data, l->out.len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) { /* the next link_read() says that it is gone */
			l->broken = true;
			l->out.len = 0;
			return;
		}
		buf_consume(&l->out, (size_t)n);
	}
}

void link_add(struct link *l, const char *lines, size_t len)
{
	if (l->fd < 0)
		return;
	buf_add(&l->out, lines, len);
	link_flush(l);
}

void link_send(struct link *l, enum message_type type, const void *body)
{
	autobuf struct buf line = { 0 };

	message_encode(&line, type, NULL, NULL, body);
	link_add(l, line.data, line.len);
}

void link_refuse(struct link *l, const char *text)
{
	link_send(l, COMMON_ERROR, &(struct error_message){ .message = (char *)(uintptr_t)text });
}

int link_read(struct link *l, struct error *e)
{
	ssize_t n;

	assert(l->fd >= 0);
	n = read(l->fd, lines_reserve(&l->in, READ_BYTES), READ_BYTES);
	if (n > 0)
		lines_added(&l->in, (size_t)n);
	if (n == 0) {
		int r = error_set(e, ECONNRESET, "the agent closed the connection");

		return l->broken ? r : LINK_ENDED;
	}
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return error_sys(e, "read from the agent");
	return 0;
}

int link_next(struct link *l, struct message *ret, struct error *e)
{
	char *line;
	size_t len;
	int r;

	while ((r = lines_next(&l->in, &line, &len)) == LINES_TAKEN) {
		struct error why;

		if (!message_decode(LANGUAGE_TO_SUPERVISOR, line, len, ret, &why))
			return LINK_MESSAGE;
		link_refuse(l, why.text);
	}
	if (r)
		return error_set(e, EMSGSIZE, "the agent sent a line of more than %d bytes",
				 (int)LINE_MAX_BYTES);
	return 0;
}
