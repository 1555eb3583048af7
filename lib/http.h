/*
 * The HTTP side of a daemon: a table of routes, answered inside the loop by libmicrohttpd,
 * with deadlines that a slow client cannot stretch. What changes something is for operators
 * on this machine, and never for a browser.
 */
#pragma once

#include <systemd/sd-event.h>

#include "lib/buf.h"
#include "lib/error.h"
#include "lib/seat.h"

struct http;
struct http_request;

#define HTTP_JSON "application/json"
#define HTTP_TEXT "text/plain; charset=utf-8"
#define HTTP_HTML "text/html; charset=utf-8"

/*
 * What a handler fills in. It starts as 200, HTTP_JSON, empty. The body is not copied:
 * its memory goes to libmicrohttpd.
 */
struct http_response {
	unsigned status;
	const char *type; /* a literal, or text that outlives the handler */
	struct buf body;
	struct buf headers; /* filled by http_add_header() */
};

/* Runs in the loop and answers at once. */
typedef void http_handler(const struct http_request *q, struct http_response *r, void *ctx);

/* A row of the table, which ends with a row whose path is NULL. */
struct http_route {
	const char *path; /* "/state.json"; no trailing slash, except for "/" itself */
	http_handler *handler;
	const char *doc;    /* one sentence, for /help */
	const char *params; /* "limit=N  at most N tasks\n...", one per line; NULL: none */
	http_handler *post; /* what POST does; NULL: the route is only read */
	const char *takes;  /* of POST, one body per line for /help */
};

#define HTTP_OUT_MAX    (256 * MIB)
#define HTTP_PARAMS_MAX 64 /* of a query string; the rest is dropped */

/*
 * A member that is 0 has the default that stands beside it. Deadlines are looked at every
 * second, or a quarter of the shortest. On a connection that is kept alive the first byte
 * of the next request counts from the look that finds it; over a Unix socket it is not
 * found, and the request line must come within idle_ns. What would go beyond out_max is
 * answered by 503, unless it is alone.
 */
struct http_limits {
	int64_t header_ns;    /* from the first byte of a request to its end; 10 s */
	int64_t stall_ns;     /* a response of which less than 64 KiB more is read; 60 s */
	int64_t idle_ns;      /* between requests on one connection; 60 s */
	size_t out_max;       /* bytes of unread bodies of 64 KiB and more; HTTP_OUT_MAX */
	unsigned connections; /* in all; 1024. The listener's limits come first */
};

/*
 * routes and prefixes (NULL-terminated: "/master"; every route is there too) are kept,
 * not copied. /help and /help/NAME are made from the table. Routes are matched after
 * percent-decoding, without a trailing slash.
 *
 * GET and HEAD are for everybody. POST is for routes that have it, and refused before its
 * handler runs: 403 to who is not on this machine, and to browsers (a request with Origin, or
 * with Sec-Fetch-Site other than none), because there are no credentials yet; 415 for a body
 * that is not application/json; 413 beyond 64 KiB. A longer body that does not say its
 * length is cut.
 */
int http_new(sd_event *loop, const struct http_route *routes, const char *const *prefixes,
	     void *ctx, const struct http_limits *limits, struct http **ret, struct error *e);
/* Cuts every connection. Not from within a handler. */
void http_free(struct http *h);
/* Takes a connected socket, and its seat (NULL: none), to be released at its end. */
void http_add(struct http *h, int fd, struct seat *seat);
/* Requests answered since the start. */
uint64_t http_requests(const struct http *h);

/* The route that matched, so that one handler can serve several. */
const struct http_route *http_route(const struct http_request *q);
/*
 * A decoded parameter of the query string, "" when it has no value, NULL when absent;
 * the first if there are several. Valid during the handler.
 */
const char *http_query(const struct http_request *q, const char *name);
/*
 * All values of a parameter, in their order: how many, "" for one without. Valid during the
 * handler.
 */
unsigned http_query_all(const struct http_request *q, const char *name,
			const char *ret[HTTP_PARAMS_MAX]);
/*
 * A whole decimal number of at most max; fallback when absent. -EINVAL and -ERANGE
 * carry a sentence for http_fail(r, 400, ...).
 */
int http_query_u64(const struct http_request *q, const char *name, uint64_t fallback, uint64_t max,
		   uint64_t *ret, struct error *e);
/* A request header by its name in any case; NULL when absent. */
const char *http_header(const struct http_request *q, const char *name);
/* The body of a POST, terminated; NULL in a handler of GET. Valid during the handler. */
const char *http_body(const struct http_request *q, size_t *len);
/*
 * Which of these media types (NULL-terminated, "text/plain", without parameters) the
 * client likes best by RFC 9110 section 12.5.1: its index; the first of equals, and 0
 * when there is no Accept header or when it accepts none of them.
 */
unsigned http_prefers(const struct http_request *q, const char *const *types);

/* Answers with this status and a sentence as plain text (a '\n' is added). */
void http_fail(struct http_response *r, unsigned status, const char *fmt, ...) format_printf(3, 4);
/* A literal name; the value must not hold '\r' or '\n' (asserted: it is ours). */
void http_add_header(struct http_response *r, const char *name, const char *value);

/* The parts of the above that need no connection, for tests and the fuzzer. */

struct http_param {
	char *name, *value;
};

/*
 * Splits "a=1&b=%20" in place, decoding %XX and '+'; at most HTTP_PARAMS_MAX.
 * Names and values point into text. Returns how many. A '%' without two
 * digits stays what it is; an encoded NUL ends nothing: the parameter is dropped.
 */
unsigned http_parse_query(char *text, struct http_param ret[HTTP_PARAMS_MAX]);
/* http_prefers() on the text of an Accept header (NULL: none). */
unsigned http_accept(const char *accept, const char *const *types);
