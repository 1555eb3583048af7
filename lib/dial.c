/*
 * Dialling. Every attempt starts from a source of the loop, so that an outcome that is
 * known at once (a Unix socket's) is still told later.
 */
#include "lib/dial.h"

#include <netdb.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#define ADDRESSES_MAX 16

struct address {
	struct sockaddr_storage sa;
	socklen_t len;
};

/* Outlives the dial when that is given up while getaddrinfo(3) runs. */
struct resolve {
	struct work work;
	struct dial *dial; /* NULL: nobody waits any more */
	char *host, *port;
	struct addrinfo *found;
	int code;
};

struct dial {
	sd_event *loop;
	sd_event_source *next, *timer, *connected;
	struct resolve *resolving;
	char *name;
	int64_t timeout_ns;
	int fd;
	struct address addresses[ADDRESSES_MAX];
	unsigned n, tried;
	struct error error; /* of the last attempt */
	dial_done *done;
	void *arg;
};

/* The dial may be gone afterwards, so why must not lie in it. */
static void finish(struct dial *d, int fd, const char *why)
{
	dial_done *done = d->done;

	assert(done && (fd >= 0) == !why);
	sd_event_source_set_enabled(d->timer, SD_EVENT_OFF);
	sd_event_source_set_enabled(d->next, SD_EVENT_OFF);
	d->done = NULL;
	done(d->arg, fd, why);
}

static void try_soon(struct dial *d)
{
	sd_event_source_set_enabled(d->next, SD_EVENT_ONESHOT);
}

static void attempt_failed(struct dial *d, int code)
{
	error_set(&d->error, code, "connect %s: %s", d->name, strerror(code));
	d->connected = sd_event_source_disable_unref(d->connected);
	close_fd(&d->fd);
	try_soon(d);
}

static int on_connected(unused sd_event_source *source, int fd, unused uint32_t events, void *arg)
{
	struct dial *d = arg;
	int code = 0;
	socklen_t len = sizeof(code);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &len))
		code = errno;
	if (code) {
		attempt_failed(d, code);
		return 0;
	}
	d->connected = sd_event_source_disable_unref(d->connected);
	finish(d, take_fd(d->fd), NULL);
	return 0;
}

/* Being connected at once is seen by on_connected() too: the socket is writable. */
static void try_address(struct dial *d, const struct address *a)
{
	int r;

	d->fd = socket(a->sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (d->fd < 0 ||
	    (connect(d->fd, (const struct sockaddr *)&a->sa, a->len) && errno != EINPROGRESS)) {
		attempt_failed(d, errno);
		return;
	}
	r = sd_event_add_io(d->loop, &d->connected, d->fd, EPOLLOUT, on_connected, d);
	if (r < 0)
		attempt_failed(d, -r);
}

static int on_next(unused sd_event_source *source, void *arg)
{
	struct dial *d = arg;
	struct error e = d->error;

	if (d->tried < d->n)
		try_address(d, &d->addresses[d->tried++]);
	else
		finish(d, -EBADF, e.text);
	return 0;
}

static int on_timeout(unused sd_event_source *source, unused uint64_t usec, void *arg)
{
	struct dial *d = arg;
	struct error e;

	d->connected = sd_event_source_disable_unref(d->connected);
	close_fd(&d->fd);
	error_set(&e, ETIMEDOUT, "connect %s: no answer in %lld ms", d->name,
		  (long long)(d->timeout_ns / NSEC_PER_MSEC));
	finish(d, -EBADF, e.text);
	return 0;
}

static void take_found(struct dial *d, const struct addrinfo *found)
{
	for (; found && d->n < ADDRESSES_MAX; found = found->ai_next) {
		struct address *a = &d->addresses[d->n++];

		assert(found->ai_addrlen <= sizeof(a->sa));
		memcpy(&a->sa, found->ai_addr, found->ai_addrlen);
		a->len = found->ai_addrlen;
	}
}

static int look_up(const char *host, const char *port, int flags, struct addrinfo **ret)
{
	struct addrinfo hints = {
		.ai_flags = AI_NUMERICSERV | flags,
		.ai_socktype = SOCK_STREAM,
	};

	return getaddrinfo(host, port, &hints, ret);
}

static void resolve_run(struct work *w)
{
	struct resolve *r = container_of(w, struct resolve, work);

	r->code = look_up(r->host, r->port, 0, &r->found);
}

static void resolve_free(struct work *w)
{
	struct resolve *r = container_of(w, struct resolve, work);

	if (r->found)
		freeaddrinfo(r->found);
	free(r->host);
	free(r->port);
	free(r);
}

static void resolve_cancel(struct work *w)
{
	struct resolve *r = container_of(w, struct resolve, work);

	if (r->dial)
		r->dial->resolving = NULL;
	resolve_free(w);
}

static void resolve_done(struct work *w)
{
	struct resolve *r = container_of(w, struct resolve, work);
	struct dial *d = r->dial;

	if (d) {
		d->resolving = NULL;
		take_found(d, r->found);
		if (r->code)
			error_set(&d->error, EHOSTUNREACH, "resolve %s: %s", r->host,
				  gai_strerror(r->code));
		if (d->done)
			try_soon(d);
	}
	resolve_free(w);
}

static void resolve_start(struct dial *d, struct work_pool *pool, char *host, char *port)
{
	struct resolve *r = xcalloc(1, sizeof(*r));

	*r = (struct resolve){
		.work = { .run = resolve_run, .done = resolve_done, .cancel = resolve_cancel },
		.dial = d,
		.host = host,
		.port = port,
	};
	d->resolving = r;
	work_submit(pool, &r->work);
}

static int use_path(struct dial *d, const char *path, struct error *e)
{
	struct sockaddr_un *un = (struct sockaddr_un *)&d->addresses[0].sa;

	if (strlen(path) >= sizeof(un->sun_path))
		return error_set(e, EINVAL, "connect %s: a socket path has at most %zu bytes", path,
				 sizeof(un->sun_path) - 1);
	un->sun_family = AF_UNIX;
	strcpy(un->sun_path, path);
	d->addresses[0].len = sizeof(*un);
	d->n = 1;
	try_soon(d);
	return 0;
}

/* Splits at the last colon; brackets around the host are dropped. */
static int split_address(const char *address, char **host, char **port, struct error *e)
{
	const char *colon = strrchr(address, ':');
	const char *start = address, *end = colon;
	unsigned long number;
	char *rest;

	if (colon && *start == '[' && end - start >= 2 && end[-1] == ']') {
		start++;
		end--;
	} else if (colon && memchr(start, ':', (size_t)(end - start))) {
		colon = NULL;
	}
	number = colon ? strtoul(colon + 1, &rest, 10) : 0;
	if (!colon || start == end || colon[1] < '0' || colon[1] > '9' || *rest || !number ||
	    number > UINT16_MAX)
		return error_set(e, EINVAL, "address '%s': expected host:port or [IPv6]:port",
				 address);
	*host = xstrndup(start, (size_t)(end - start));
	*port = xstrdup(colon + 1);
	return 0;
}

static int use_host(struct dial *d, struct work_pool *pool, const char *address, struct error *e)
{
	autofree char *host = NULL, *port = NULL;
	struct addrinfo *found = NULL;
	int r = split_address(address, &host, &port, e);

	if (r < 0)
		return r;
	if (!look_up(host, port, AI_NUMERICHOST, &found)) {
		take_found(d, found);
		freeaddrinfo(found);
		try_soon(d);
	} else if (pool) {
		resolve_start(d, pool, take_ptr(host), take_ptr(port));
	} else {
		return error_set(e, EINVAL, "address '%s': expected a literal address", address);
	}
	return 0;
}

static int add_sources(struct dial *d, struct error *e)
{
	uint64_t usec = (uint64_t)(d->timeout_ns / NSEC_PER_USEC);
	int r = sd_event_add_defer(d->loop, &d->next, on_next, d);

	if (r >= 0)
		r = sd_event_source_set_enabled(d->next, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time_relative(d->loop, &d->timer, CLOCK_MONOTONIC, usec, 0,
					       on_timeout, d);
	return r < 0 ? error_set(e, -r, "dial %s: %s", d->name, strerror(-r)) : 0;
}

static void free_dial(struct dial **d)
{
	dial_free(*d);
}

int dial_new(sd_event *loop, struct work_pool *pool, const char *address, int64_t timeout_ns,
	     dial_done *done, void *arg, struct dial **ret, struct error *e)
{
	cleanup(free_dial) struct dial *d = xcalloc(1, sizeof(*d));
	int r;

	assert(done && timeout_ns > 0);
	d->loop = sd_event_ref(loop);
	d->name = xstrdup(address);
	d->timeout_ns = timeout_ns;
	d->fd = -EBADF;
	d->done = done;
	d->arg = arg;
	r = add_sources(d, e);
	if (r < 0)
		return r;
	r = strchr(address, '/') ? use_path(d, address, e) : use_host(d, pool, address, e);
	if (r < 0)
		return r;
	*ret = take_ptr(d);
	return 0;
}

void dial_free(struct dial *d)
{
	if (!d)
		return;
	if (d->resolving)
		d->resolving->dial = NULL;
	sd_event_source_disable_unref(d->connected);
	sd_event_source_disable_unref(d->next);
	sd_event_source_disable_unref(d->timer);
	sd_event_unref(d->loop);
	close_fd(&d->fd);
	free(d->name);
	free(d);
}
