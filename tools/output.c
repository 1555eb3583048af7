/* A few bytes whenever there is room for them. A file always has it, and no events. */
#include "tools/output.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/stat.h>

struct output {
	sd_event *loop;
	sd_event_source *source; /* NULL: of a file */
	int fd;
	int own; /* -EBADF: fd is the caller's */
	void (*gone)(void *ctx);
	void *ctx;
	const char *text; /* to be written */
	size_t left;
	int error; /* why it cannot be */
};

/* Where there is room in a pipe, there is for so many bytes: pipe(7). */
static void write_some(struct output *o)
{
	ssize_t n = write(o->fd, o->text, MIN(o->left, PIPE_BUF));

	if (n >= 0) {
		o->text += n;
		o->left -= (size_t)n;
	} else if (errno != EAGAIN && errno != EINTR) {
		o->error = errno;
	}
}

static int on_ready(sd_event_source *source, int fd unused, uint32_t events, void *arg)
{
	struct output *o = arg;

	if (!(events & (EPOLLERR | EPOLLHUP))) {
		write_some(o);
		return 0;
	}
	o->error = EPIPE;
	sd_event_source_set_enabled(source, SD_EVENT_OFF);
	if (o->gone)
		o->gone(o->ctx);
	return 0;
}

/*
 * Those who have the same terminal or pipe would have O_NONBLOCK too: it is set on one of our own.
 * Where there can be none, as of a socket or of another user's terminal, what is written at once is
 * little enough.
 */
static int open_own(int fd)
{
	autofree char *path = xasprintf("/proc/self/fd/%d", fd);
	struct stat st;

	if (fstat(fd, &st) || !(S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode)))
		return -EBADF;
	return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

int output_new(sd_event *loop, int fd, void (*gone)(void *ctx), void *ctx, struct output **ret,
	       struct error *e)
{
	struct output *o = xcalloc(1, sizeof(*o));
	int r;

	*o = (struct output){ .loop = loop, .own = open_own(fd), .gone = gone, .ctx = ctx };
	o->fd = o->own >= 0 ? o->own : fd;
	r = sd_event_add_io(loop, &o->source, o->fd, 0, on_ready, o);
	if (r < 0 && r != -EPERM) {
		output_free(o);
		return error_set(e, -r, "event loop: %s", strerror(-r));
	}
	*ret = o;
	return 0;
}

void output_free(struct output *o)
{
	if (!o)
		return;
	sd_event_source_disable_unref(o->source);
	close_fd(&o->own);
	free(o);
}

int output_write(struct output *o, const char *text, const bool *stop, struct error *e)
{
	int r = 0;

	o->text = text;
	o->left = strlen(text);
	if (o->source)
		sd_event_source_set_io_events(o->source, EPOLLOUT);
	while (r >= 0 && o->left && !o->error && !*stop)
		if (o->source)
			r = sd_event_run(o->loop, UINT64_MAX);
		else
			write_some(o);
	if (o->source)
		sd_event_source_set_io_events(o->source, 0);
	if (r < 0)
		return error_set(e, -r, "event loop: %s", strerror(-r));
	return o->error ? error_set(e, o->error, "write the answer: %s", strerror(o->error)) : 0;
}

void output_try(struct output *o, const char *text)
{
	struct pollfd room = { .fd = o->fd, .events = POLLOUT };

	o->text = text;
	o->left = strlen(text);
	if (poll(&room, 1, 0) == 1 && room.revents == POLLOUT)
		write_some(o);
}
