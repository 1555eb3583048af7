/* Who may ask for what: requests judged by their header, before any of their body is read. */
#include "lib/http_request.h"

#include <netinet/in.h>
#include <strings.h>

static const char *header(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

bool http_reads(const char *method)
{
	return !strcmp(method, MHD_HTTP_METHOD_GET) || !strcmp(method, MHD_HTTP_METHOD_HEAD);
}

static bool is_loopback(const struct sockaddr *from)
{
	const struct sockaddr_in *v4 = (const void *)from;
	const struct sockaddr_in6 *v6 = (const void *)from;

	switch (from->sa_family) {
	case AF_UNIX: return true;
	case AF_INET: return ntohl(v4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	case AF_INET6:
		return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr) ||
		       (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr) &&
			v6->sin6_addr.s6_addr[12] == IN_LOOPBACKNET);
	default: return false;
	}
}

/* Whose address is the same as ours: no answer of ours would reach another machine. */
static bool same_host(const struct sockaddr *a, const struct sockaddr *b)
{
	const struct sockaddr_in *p = (const void *)a, *q = (const void *)b;
	const struct sockaddr_in6 *x = (const void *)a, *y = (const void *)b;

	if (a->sa_family != b->sa_family)
		return false;
	if (a->sa_family == AF_INET)
		return p->sin_addr.s_addr == q->sin_addr.s_addr;
	return a->sa_family == AF_INET6 && IN6_ARE_ADDR_EQUAL(&x->sin6_addr, &y->sin6_addr) &&
	       x->sin6_scope_id == y->sin6_scope_id;
}

bool http_on_this_machine(const struct sockaddr *from, const struct sockaddr *own)
{
	return is_loopback(from) || same_host(from, own);
}

static bool from_this_machine(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *client =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const union MHD_ConnectionInfo *socket =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct sockaddr_storage own = { 0 };
	socklen_t len = sizeof(own);

	if (!client || !client->client_addr || !socket ||
	    getsockname(socket->connect_fd, (struct sockaddr *)&own, &len))
		return false;
	return http_on_this_machine(client->client_addr, (struct sockaddr *)&own);
}

/* A page that somebody opens on this machine can send here; browsers say so in one of these. */
static bool from_browser(struct MHD_Connection *connection)
{
	const char *site = header(connection, "Sec-Fetch-Site");

	return header(connection, MHD_HTTP_HEADER_ORIGIN) || (site && strcmp(site, "none") != 0);
}

static bool is_json(const char *type)
{
	size_t len = type ? strcspn(type, " \t;") : 0;

	return len == strlen(HTTP_JSON) && !strncasecmp(type, HTTP_JSON, len);
}

static unsigned check_post(struct MHD_Connection *connection, const char **why)
{
	if (!from_this_machine(connection)) {
		*why = "POST is for clients on the daemon's own machine.";
		return MHD_HTTP_FORBIDDEN;
	}
	if (from_browser(connection)) {
		*why = "POST is not for browsers: leave Origin and Sec-Fetch-Site out.";
		return MHD_HTTP_FORBIDDEN;
	}
	if (!is_json(header(connection, MHD_HTTP_HEADER_CONTENT_TYPE))) {
		*why = "The body of a POST must be JSON: say Content-Type: application/json.";
		return MHD_HTTP_UNSUPPORTED_MEDIA_TYPE;
	}
	return 0;
}

static unsigned check_method(const struct http_route *route, const char *method, const char **why)
{
	bool posts = route && route->post;

	if (http_reads(method) || (posts && !strcmp(method, MHD_HTTP_METHOD_POST)))
		return 0;
	*why = posts ? "Only GET, HEAD and POST are served here; see /help."
		     : "Only GET and HEAD are served here; see /help.";
	return MHD_HTTP_METHOD_NOT_ALLOWED;
}

/* The missing Host is ours to refuse: MHD 0.9.75 sends the head of that answer twice. */
unsigned http_check(struct MHD_Connection *connection, const struct http_route *route,
		    const char *method, const char *version, const char **why)
{
	const char *length = header(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);
	unsigned status;

	if (!strcmp(version, MHD_HTTP_VERSION_1_1) && !header(connection, MHD_HTTP_HEADER_HOST)) {
		*why = "A request of HTTP/1.1 needs a Host header.";
		return MHD_HTTP_BAD_REQUEST;
	}
	if (length && header(connection, MHD_HTTP_HEADER_TRANSFER_ENCODING)) {
		*why = "Content-Length and Transfer-Encoding exclude each other.";
		return MHD_HTTP_BAD_REQUEST;
	}
	status = check_method(route, method, why);
	if (status)
		return status;
	if (length && strtoull(length, NULL, 10) > HTTP_BODY_MAX) {
		*why = "The body of a request has at most 65536 bytes.";
		return MHD_HTTP_CONTENT_TOO_LARGE;
	}
	return http_reads(method) ? 0 : check_post(connection, why);
}
