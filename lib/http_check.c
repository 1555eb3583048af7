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

bool http_on_this_machine(const struct sockaddr *from)
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

static bool from_this_machine(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

	return info && info->client_addr && http_on_this_machine(info->client_addr);
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
		*why = "POST is for clients on the daemon's own machine, over a loopback address.";
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
