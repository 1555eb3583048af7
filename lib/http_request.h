/* What a request is while its handler runs. Only for lib/http*.c. */
#pragma once

#include <microhttpd.h>
#include <sys/socket.h>

#include "lib/http.h"

/* Of a request; what GET has is thrown away. */
#define HTTP_BODY_MAX (64 * KIB)

struct http_request {
	struct MHD_Connection *connection;
	const struct http_route *route;
	char *path;       /* decoded */
	struct buf *body; /* of a POST, else NULL */
	unsigned n_params;
	struct http_param params[HTTP_PARAMS_MAX];
};

/*
 * Splits the target of a request line ("/a%20b/?c=d", or the absolute form that is sent
 * to a proxy) in place into a decoded path without trailing slash, and the query.
 * -EINVAL for a path with a '%' that is not followed by two hexadecimal digits, a NUL,
 * or no '/' at its start.
 */
int http_parse_target(char *target, char **path, char **query);
/* path without the prefix it starts with, or path itself: "/master/state.json" is "/state.json". */
const char *http_strip_prefix(const char *path, const char *const *prefixes);
const struct http_route *http_find(const struct http_route *routes, const char *path);
bool http_reads(const char *method);
/*
 * Whether a request may be served, by its header alone: 0, or the status that refuses it and
 * why. route is where it goes (NULL: nowhere), and not looked at if the method only reads.
 */
unsigned http_check(struct MHD_Connection *connection, const struct http_route *route,
		    const char *method, const char *version, const char **why);
/*
 * Whether who has this address is on the same machine, as the connection's own end there
 * shows: it is a loopback address, or the same address at both ends.
 */
bool http_on_this_machine(const struct sockaddr *from, const struct sockaddr *own);
/* Answers "/help" and "/help/NAME"; false when the path is neither. */
bool http_help(const struct http_request *q, const struct http_route *routes,
	       const char *const *prefixes, struct http_response *r);
