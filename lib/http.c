/*
 * libmicrohttpd inside the loop. Its own timeout counts inactivity only, so a client
 * that drips could stay for ever: deadlines are kept here, in three rings of
 * connections that each have the same time, and enforced by shutdown(2).
 */
#include "lib/http.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "lib/http_request.h"
#include "lib/list.h"
#include "lib/log.h"
#include "lib/loop.h"

#define CONNECTION_MEMORY (16 * KIB) /* headers and target of one request */
#define STALL_BYTES       (64 * KIB) /* a reader must take as much in stall_ns, or all */
#define LARGE_BODY        (64 * KIB) /* only from here on bodies count against out_max */

enum phase { PHASE_HEADER, PHASE_SENDING, PHASE_IDLE, PHASES };

struct http_conn {
	struct list node; /* in http->phases[] */
	struct http *http;
	struct seat *seat;
	int fd;
	enum phase phase;
	int64_t deadline;
	uint64_t moved; /* while sending: acknowledged at the last look; while idle: received */
	size_t queued;  /* bytes of a large answer */
	bool header_seen;
	size_t received; /* bytes of this request's body so far */
	bool post;       /* they are kept */
	struct buf body;
	struct buf target; /* of the request line, as it was sent */
};

struct http {
	struct MHD_Daemon *daemon;
	sd_event *loop;
	sd_event_source *io, *again, *sweep;
	const struct http_route *routes;
	const char *const *prefixes;
	void *ctx;
	int64_t allowed[PHASES]; /* nanoseconds */
	uint64_t sweep_usec;
	struct list phases[PHASES];
	unsigned connections;
	size_t out_max, queued; /* bytes of large answers */
	uint64_t requests;
	struct seat *adding; /* of the connection that MHD is being given */
};

/* Deadlines */

static void set_phase(struct http_conn *c, enum phase phase)
{
	struct http *h = c->http;

	c->phase = phase;
	c->deadline = loop_now(h->loop) + h->allowed[phase];
	list_remove(&c->node);
	list_append(&h->phases[phase], &c->node);
}

/* All 0 for a Unix socket, whose client is local and quick. */
static struct tcp_info tcp_info(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len))
		return (struct tcp_info){ 0 };
	return info;
}

static void enforce(struct http_conn *c)
{
	uint64_t acked = c->phase == PHASE_SENDING ? tcp_info(c->fd).tcpi_bytes_acked : 0;

	if (acked && acked - c->moved >= STALL_BYTES) {
		c->moved = acked;
		set_phase(c, PHASE_SENDING);
		return;
	}
	/* MHD sees the end of the connection and tidies up: on_connection(). */
	list_remove(&c->node);
	shutdown(c->fd, SHUT_RDWR);
}

/* MHD tells of the next request only once its first line is whole: the kernel knows earlier. */
static void notice_request(struct http_conn *c)
{
	if (tcp_info(c->fd).tcpi_bytes_received > c->moved)
		set_phase(c, PHASE_HEADER);
}

static void arm_sweep(struct http *h)
{
	sd_event_source_set_time_relative(h->sweep, h->sweep_usec);
	sd_event_source_set_enabled(h->sweep, SD_EVENT_ONESHOT);
}

static int on_sweep(unused sd_event_source *source, unused uint64_t usec, void *arg)
{
	struct http *h = arg;
	int64_t now = loop_now(h->loop);
	struct http_conn *c;

	list_for_each(c, &h->phases[PHASE_IDLE], node)
		notice_request(c);
	for (unsigned i = 0; i < PHASES; i++)
		while ((c = list_first(&h->phases[i], struct http_conn, node)) &&
		       c->deadline <= now)
			enforce(c);
	if (h->connections)
		arm_sweep(h);
	return 0;
}

/* Answering */

static struct MHD_Response *make_response(struct http_response *r)
{
	const struct buf *headers = &r->headers;
	struct MHD_Response *ret =
		MHD_create_response_from_buffer(r->body.len, r->body.data, MHD_RESPMEM_MUST_FREE);

	assert(ret);
	r->body = (struct buf){ 0 };
	MHD_add_response_header(ret, MHD_HTTP_HEADER_CONTENT_TYPE, r->type);
	for (size_t at = 0; at < headers->len;) {
		const char *name = headers->data + at, *value = name + strlen(name) + 1;

		MHD_add_response_header(ret, name, value);
		at = (size_t)(value + strlen(value) + 1 - headers->data);
	}
	return ret;
}

/* Each client of a large document holds a copy of its own until it has read it. */
static void bound_memory(struct http_conn *c, struct http_response *r)
{
	struct http *h = c->http;

	if (r->body.len < LARGE_BODY)
		return;
	if (h->queued && r->body.len > h->out_max - MIN(h->queued, h->out_max)) {
		buf_fini(&r->body);
		http_fail(r, MHD_HTTP_SERVICE_UNAVAILABLE,
			  "Too much waits to be read by other clients; try again later.");
		http_add_header(r, MHD_HTTP_HEADER_RETRY_AFTER, "5");
		return;
	}
	c->queued = r->body.len;
	h->queued += c->queued;
}

/* Sent, or the connection is gone. */
static void release_memory(struct http_conn *c)
{
	assert(c->http->queued >= c->queued);
	c->http->queued -= c->queued;
	c->queued = 0;
}

static enum MHD_Result answer(struct http_conn *c, struct MHD_Connection *connection,
			      struct http_response *r)
{
	struct MHD_Response *response;
	enum MHD_Result ok;

	bound_memory(c, r);
	response = make_response(r);
	ok = MHD_queue_response(connection, r->status, response);
	MHD_destroy_response(response);
	buf_fini(&r->headers);
	c->moved = 0;
	set_phase(c, PHASE_SENDING);
	return ok;
}

static void dispatch(struct http *h, struct http_request *q, struct http_response *r)
{
	q->route = http_find(h->routes, http_strip_prefix(q->path, h->prefixes));
	if (q->route)
		(q->body ? q->route->post : q->route->handler)(q, r, h->ctx);
	else if (!http_help(q, h->routes, h->prefixes, r))
		http_fail(r, MHD_HTTP_NOT_FOUND, "Nothing is here; see /help.");
}

static enum MHD_Result serve(struct http_conn *c, struct MHD_Connection *connection,
			     const char *method)
{
	struct http_response r = { .status = MHD_HTTP_OK, .type = HTTP_JSON };
	struct http_request q;
	char *query;

	q.connection = connection;
	q.n_params = 0;
	q.body = c->post ? &c->body : NULL;
	buf_text(&c->target);
	log_debug("http: %s %s", method, c->target.data);
	if (http_parse_target(c->target.data, &q.path, &query) < 0) {
		http_fail(&r, MHD_HTTP_BAD_REQUEST, "The path cannot be decoded; see /help.");
	} else {
		q.n_params = *query ? http_parse_query(query, q.params) : 0;
		dispatch(c->http, &q, &r);
	}
	return answer(c, connection, &r);
}

/* The connection ends with this answer: what follows in it is not ours to interpret. */
static enum MHD_Result refuse(struct http_conn *c, struct MHD_Connection *connection,
			      const struct http_route *route, unsigned status, const char *why)
{
	struct http_response r = { 0 };

	http_fail(&r, status, "%s", why);
	http_add_header(&r, MHD_HTTP_HEADER_CONNECTION, "close");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		http_add_header(&r, MHD_HTTP_HEADER_ALLOW,
				route && route->post ? "GET, HEAD, POST" : "GET, HEAD");
	return answer(c, connection, &r);
}

/* Where the request goes, before it is known whether it may: its target stays as it is. */
static const struct http_route *find_route(const struct http *h, struct buf *target)
{
	autofree char *copy = xstrdup(buf_text(target));
	char *path, *query;

	if (http_parse_target(copy, &path, &query) < 0)
		return NULL;
	return http_find(h->routes, http_strip_prefix(path, h->prefixes));
}

static enum MHD_Result on_header(struct http_conn *c, struct MHD_Connection *connection,
				 const char *method, const char *version)
{
	const struct http_route *route = NULL;
	const char *why;
	unsigned status;

	if (!http_reads(method))
		route = find_route(c->http, &c->target);
	status = http_check(connection, route, method, version, &why);
	if (status)
		return refuse(c, connection, route, status, why);
	c->post = !http_reads(method);
	return MHD_YES;
}

/*
 * Called once with the header, then with each piece of the body, then once more: access
 * handler of MHD_start_daemon(). An answer to the first call ends the connection, so a
 * good request waits for the last one. MHD_NO cuts the connection.
 */
static enum MHD_Result on_request(unused void *arg, struct MHD_Connection *connection,
				  unused const char *url, const char *method, const char *version,
				  const char *data, size_t *size, void **state)
{
	struct http_conn *c = *state;

	if (!c->header_seen) {
		c->header_seen = true;
		return on_header(c, connection, method, version);
	}
	if (!*size)
		return serve(c, connection, method);
	c->received += *size;
	if (c->received > HTTP_BODY_MAX)
		return MHD_NO;
	if (c->post)
		buf_add(&c->body, data, *size);
	*size = 0;
	return MHD_YES;
}

/* The request line came: its target is kept before MHD decodes it in its own way. */
static void *on_target(unused void *arg, const char *target, struct MHD_Connection *connection)
{
	struct http_conn *c =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
			->socket_context;

	c->target.len = 0;
	buf_adds(&c->target, target);
	c->header_seen = false;
	c->received = 0;
	c->post = false;
	if (c->phase == PHASE_IDLE)
		set_phase(c, PHASE_HEADER);
	return c;
}

static void on_completed(void *arg, unused struct MHD_Connection *connection, void **state,
			 unused enum MHD_RequestTerminationCode how)
{
	struct http *h = arg;
	struct http_conn *c = *state;

	h->requests++;
	if (!c)
		return;
	release_memory(c);
	buf_fini(&c->body);
	c->moved = tcp_info(c->fd).tcpi_bytes_received;
	if (!list_empty(&c->node))
		set_phase(c, PHASE_IDLE);
}

/* Connections */

static struct http_conn *conn_new(struct http *h, struct MHD_Connection *connection)
{
	struct http_conn *c = xcalloc(1, sizeof(*c));

	c->http = h;
	c->seat = take_ptr(h->adding);
	c->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	list_init(&c->node);
	set_phase(c, PHASE_HEADER);
	if (!h->connections++)
		arm_sweep(h);
	return c;
}

static void conn_free(struct http_conn *c)
{
	assert(c->http->connections > 0);
	c->http->connections--;
	release_memory(c);
	list_remove(&c->node);
	seat_release(c->seat);
	buf_fini(&c->target);
	buf_fini(&c->body);
	free(c);
}

static void on_connection(void *arg, struct MHD_Connection *connection, void **context,
			  enum MHD_ConnectionNotificationCode what)
{
	if (what == MHD_CONNECTION_NOTIFY_STARTED)
		*context = conn_new(arg, connection);
	else
		conn_free(take_ptr(*(struct http_conn **)context));
}

/* MHD may have more to do than what its epoll can tell. */
static void run_again_if_needed(struct http *h)
{
	MHD_UNSIGNED_LONG_LONG ms;

	if (MHD_get_timeout(h->daemon, &ms) != MHD_YES)
		return;
	sd_event_source_set_time_relative(h->again, ms * 1000);
	sd_event_source_set_enabled(h->again, SD_EVENT_ONESHOT);
}

static int on_ready(unused sd_event_source *source, unused int fd, unused uint32_t events,
		    void *arg)
{
	struct http *h = arg;

	MHD_run(h->daemon);
	run_again_if_needed(h);
	return 0;
}

static int on_again(unused sd_event_source *source, unused uint64_t usec, void *arg)
{
	return on_ready(NULL, -1, 0, arg);
}

void http_add(struct http *h, int fd, struct seat *seat)
{
	struct sockaddr_storage from = { 0 };
	socklen_t len = sizeof(from);

	assert(!h->adding);
	h->adding = seat;
	/* A failed call leaves the family unspecified; MHD finds out that the peer left. */
	if (getpeername(fd, (struct sockaddr *)&from, &len))
		len = sizeof(from.ss_family);
	if (MHD_add_connection(h->daemon, fd, (struct sockaddr *)&from, len) != MHD_YES)
		log_warning("http: connection refused: %s", strerror(errno));
	seat_release(take_ptr(h->adding)); /* on success the connection took it */
	run_again_if_needed(h);
}

/* The server */

static void on_mhd_log(unused void *arg, const char *fmt, va_list args)
{
	char text[512];
	int n = vsnprintf(text, sizeof(text), fmt, args);

	while (n > 0 && (size_t)n < sizeof(text) && text[n - 1] == '\n')
		text[--n] = '\0';
	log_debug("http: libmicrohttpd: %s", text);
}

static struct MHD_Daemon *start(struct http *h, unsigned connections)
{
	return MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG, 0,
				NULL, NULL, on_request, h, MHD_OPTION_EXTERNAL_LOGGER, on_mhd_log,
				NULL, MHD_OPTION_CONNECTION_LIMIT, connections,
				MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
				MHD_OPTION_URI_LOG_CALLBACK, on_target, h,
				MHD_OPTION_NOTIFY_COMPLETED, on_completed, h,
				MHD_OPTION_NOTIFY_CONNECTION, on_connection, h, MHD_OPTION_END);
}

static int add_sources(struct http *h)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	int r;

	assert(info);
	r = sd_event_add_io(h->loop, &h->io, info->epoll_fd, EPOLLIN, on_ready, h);
	if (r >= 0)
		r = sd_event_add_time(h->loop, &h->again, CLOCK_MONOTONIC, 0, 1, on_again, h);
	if (r >= 0)
		r = sd_event_source_set_enabled(h->again, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time(h->loop, &h->sweep, CLOCK_MONOTONIC, 0, 1, on_sweep, h);
	if (r >= 0)
		r = sd_event_source_set_enabled(h->sweep, SD_EVENT_OFF);
	return r;
}

static int64_t or_default(int64_t ns, int64_t seconds)
{
	return ns ? ns : seconds * NSEC_PER_SEC;
}

/* Deadlines are looked at often enough to be kept within a quarter of the shortest. */
static void set_limits(struct http *h, const struct http_limits *limits)
{
	int64_t shortest = INT64_MAX;

	h->allowed[PHASE_HEADER] = or_default(limits->header_ns, 10);
	h->allowed[PHASE_SENDING] = or_default(limits->stall_ns, 60);
	h->allowed[PHASE_IDLE] = or_default(limits->idle_ns, 60);
	for (unsigned i = 0; i < PHASES; i++) {
		list_init(&h->phases[i]);
		shortest = MIN(shortest, h->allowed[i]);
	}
	h->sweep_usec = (uint64_t)(MIN(shortest / 4, NSEC_PER_SEC) / NSEC_PER_USEC);
}

int http_new(sd_event *loop, const struct http_route *routes, const char *const *prefixes,
	     void *ctx, const struct http_limits *limits, struct http **ret, struct error *e)
{
	static const struct http_limits defaults;
	struct http *h = xcalloc(1, sizeof(*h));
	int r;

	limits = limits ? limits : &defaults;
	h->out_max = limits->out_max ? limits->out_max : HTTP_OUT_MAX;
	h->loop = sd_event_ref(loop);
	h->routes = routes;
	h->prefixes = prefixes;
	h->ctx = ctx;
	set_limits(h, limits);
	h->daemon = start(h, limits->connections ? limits->connections : 1024);
	r = h->daemon ? add_sources(h) : -ENOMEM;
	if (r < 0) {
		http_free(h);
		return error_set(e, -r, "start libmicrohttpd: %s", strerror(-r));
	}
	*ret = h;
	return 0;
}

void http_free(struct http *h)
{
	if (!h)
		return;
	sd_event_source_disable_unref(h->io);
	if (h->daemon)
		MHD_stop_daemon(h->daemon);
	assert(!h->connections);
	sd_event_source_disable_unref(h->again);
	sd_event_source_disable_unref(h->sweep);
	sd_event_unref(h->loop);
	free(h);
}

uint64_t http_requests(const struct http *h)
{
	return h->requests;
}
