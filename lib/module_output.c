/* A pipe, and the lines that come out of it. */
#include "lib/module_output.h"

#include <fcntl.h>

#include "lib/utf8.h"

/* A longer one is logged in pieces. */
#define LINE_BYTES 2048
/* As much as a pipe holds: pipe(7). */
#define READ_BYTES (64 * KIB)

void module_output_init(struct module_output *o, const char *name)
{
	*o = (struct module_output){
		.name = name,
		.fd = -EBADF,
		.limit = { .more = MODULE_LINES_MORE },
	};
}

static void log_one(struct module_output *o, const char *text, size_t len)
{
	autofree char *line = xstrndup(text, len);

	utf8_repair(line);
	if (*line)
		log_limited(&o->limit, LOG_LEVEL_INFO, "modules: %s: printed: %s", o->name, line);
}

/* all: what has no end is a line too. */
static void log_lines(struct module_output *o, bool all)
{
	size_t done = 0;

	while (done < o->text.len) {
		const char *at = o->text.data + done;
		size_t left = o->text.len - done;
		const char *end = memchr(at, '\n', MIN(left, LINE_BYTES));
		size_t len = end ? (size_t)(end - at) : MIN(left, LINE_BYTES);

		if (!end && len < LINE_BYTES && !all)
			break;
		log_one(o, at, len);
		done += len + (end ? 1 : 0);
	}
	buf_consume(&o->text, done);
}

/* What there is now; whether there may be more. */
static bool read_some(struct module_output *o)
{
	ssize_t n = read(o->fd, buf_reserve(&o->text, READ_BYTES), READ_BYTES);

	if (n > 0)
		o->text.len += (size_t)n;
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static int on_readable(sd_event_source *source unused, int fd unused, uint32_t events unused,
		       void *arg)
{
	struct module_output *o = arg;

	if (!read_some(o))
		o->source = sd_event_source_disable_unref(o->source);
	log_lines(o, false);
	return 0;
}

int module_output_open(struct module_output *o, sd_event *loop, int *ret)
{
	int fds[2], r;

	assert(o->fd < 0);
	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	o->fd = fds[0];
	*ret = fds[1];
	r = fcntl(o->fd, F_SETFL, O_NONBLOCK);
	assert(!r);
	r = sd_event_add_io(loop, &o->source, o->fd, EPOLLIN, on_readable, o);
	assert(r >= 0);
	return 0;
}

void module_output_close(struct module_output *o)
{
	uint64_t left_out;

	if (o->fd < 0)
		return;
	o->source = sd_event_source_disable_unref(o->source);
	read_some(o); /* of one that lives on, whom it has forked, no more than a pipe holds */
	log_lines(o, true);
	left_out = log_take_left_out(&o->limit);
	if (left_out)
		log_warning("modules: %s: more was printed left_out=%llu", o->name,
			    (unsigned long long)left_out);
	close_fd(&o->fd);
	buf_fini(&o->text);
}
