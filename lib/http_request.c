/* Requests taken apart: target, query string, Accept. All of it comes from outside. */
#include "lib/http_request.h"

#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

#include "lib/units.h"

#define Q_ONE 1000 /* a quality of 1 */

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that "%XX" stands for, or -1. */
static int percent(const char *s)
{
	int high = *s == '%' ? hex(s[1]) : -1;
	int low = high >= 0 ? hex(s[2]) : -1;

	return low >= 0 ? high * 16 + low : -1;
}

enum decoded { DECODED, DECODED_ODD_PERCENT, DECODED_NUL };

/* Decodes in place. An odd '%' is kept and told, a NUL ends the decoding. */
static enum decoded decode(char *s, bool plus)
{
	enum decoded ret = DECODED;
	char *to = s;

	for (; *s; s++) {
		int byte = percent(s);

		if (byte == 0) {
			*to = '\0';
			return DECODED_NUL;
		}
		if (byte > 0) {
			*to++ = (char)byte;
			s += 2;
			continue;
		}
		if (*s == '%')
			ret = DECODED_ODD_PERCENT;
		*to++ = plus && *s == '+' ? ' ' : *s;
	}
	*to = '\0';
	return ret;
}

static char *skip_authority(char *target)
{
	char *slash;

	if (strncasecmp(target, "http://", 7) != 0)
		return target;
	slash = strchr(target + 7, '/');
	return slash ? slash : target;
}

int http_parse_target(char *target, char **path, char **query)
{
	char *start, *mark = strchr(target, '?');
	size_t len;

	if (mark)
		*mark = '\0';
	*query = mark ? mark + 1 : target + strlen(target);
	start = skip_authority(target);
	if (*start != '/' || decode(start, false) != DECODED)
		return -EINVAL;
	len = strlen(start);
	if (len > 1 && start[len - 1] == '/')
		start[len - 1] = '\0';
	*path = start;
	return 0;
}

unsigned http_parse_query(char *text, struct http_param ret[HTTP_PARAMS_MAX])
{
	char *next = text, *pair, *equals;
	unsigned n = 0;

	while (n < HTTP_PARAMS_MAX && (pair = strsep(&next, "&"))) {
		equals = strchr(pair, '=');
		if (equals)
			*equals = '\0';
		ret[n].name = pair;
		ret[n].value = equals ? equals + 1 : pair + strlen(pair);
		if (*pair && decode(pair, true) != DECODED_NUL &&
		    (!equals || decode(ret[n].value, true) != DECODED_NUL))
			n++;
	}
	return n;
}

const char *http_strip_prefix(const char *path, const char *const *prefixes)
{
	for (; *prefixes; prefixes++) {
		size_t len = strlen(*prefixes);

		if (strncmp(path, *prefixes, len) != 0)
			continue;
		if (path[len] == '/')
			return path + len;
		if (!path[len])
			return "/";
	}
	return path;
}

const struct http_route *http_find(const struct http_route *routes, const char *path)
{
	for (; routes->path; routes++)
		if (!strcmp(routes->path, path))
			return routes;
	return NULL;
}

/* Accept: RFC 9110, sections 12.4.2 and 12.5.1 */

static const char *skip_space(const char *s)
{
	return s + strspn(s, " \t");
}

/* "0.25" is 250; -1 when it is no number between 0 and 1. */
static int parse_q(const char *s)
{
	int q = 0, unit = Q_ONE / 10;

	if (*s != '0' && *s != '1')
		return -1;
	q = *s++ == '1' ? Q_ONE : 0;
	if (*s == '.')
		for (s++; *s >= '0' && *s <= '9'; s++, unit /= 10)
			q += (*s - '0') * unit;
	s = skip_space(s);
	return q <= Q_ONE && (*s == '\0' || *s == ',' || *s == ';') ? q : -1;
}

/* The q among the parameters of one media range, which ends at a comma; Q_ONE if there is none. */
static int range_q(const char *s)
{
	int q = Q_ONE;

	while (*s && *s != ',') {
		if (*s++ != ';')
			continue;
		s = skip_space(s);
		if (!strncasecmp(s, "q=", 2))
			q = parse_q(s + 2);
	}
	return q;
}

/* How exactly the range that starts at s names the type: 3 in full, 2 all of text, 1 all, 0. */
static int range_matches(const char *s, const char *type)
{
	size_t len = strcspn(s, " \t;,"), major = strcspn(type, "/") + 1;

	if (len == strlen(type) && !strncasecmp(s, type, len))
		return 3;
	if (len == major + 1 && s[major] == '*' && !strncasecmp(s, type, major))
		return 2;
	return len == 3 && !strncmp(s, "*/*", 3) ? 1 : 0;
}

/* The quality of the most exact range that matches, the best one of several equally exact. */
static int type_quality(const char *accept, const char *type)
{
	int exact = 0, quality = 0;

	for (const char *s = accept; s; s = strchr(s, ',')) {
		int matches, q;

		s = skip_space(*s == ',' ? s + 1 : s);
		matches = range_matches(s, type);
		if (!matches || matches < exact)
			continue;
		q = range_q(s);
		quality = matches > exact ? q : MAX(q, quality);
		exact = matches;
	}
	return quality;
}

unsigned http_accept(const char *accept, const char *const *types)
{
	unsigned best = 0;
	int most = 0;

	for (unsigned i = 0; accept && types[i]; i++) {
		int q = type_quality(accept, types[i]);

		if (q > most) {
			most = q;
			best = i;
		}
	}
	return best;
}

/* What handlers ask and say */

const struct http_route *http_route(const struct http_request *q)
{
	return q->route;
}

const char *http_query(const struct http_request *q, const char *name)
{
	for (unsigned i = 0; i < q->n_params; i++)
		if (!strcmp(q->params[i].name, name))
			return q->params[i].value;
	return NULL;
}

unsigned http_query_all(const struct http_request *q, const char *name,
			const char *ret[HTTP_PARAMS_MAX])
{
	unsigned n = 0;

	for (unsigned i = 0; i < q->n_params; i++)
		if (!strcmp(q->params[i].name, name))
			ret[n++] = q->params[i].value;
	return n;
}

int http_query_u64(const struct http_request *q, const char *name, uint64_t fallback, uint64_t max,
		   uint64_t *ret, struct error *e)
{
	const char *text = http_query(q, name);
	uint64_t value = fallback;
	int r = text ? u64_parse(text, &value, e) : 0;

	if (r < 0)
		return error_wrap(e, "parameter %s", name);
	if (text && value > max)
		return error_set(e, ERANGE, "parameter %s: %s is more than %llu", name, text,
				 (unsigned long long)max);
	*ret = value;
	return 0;
}

const char *http_header(const struct http_request *q, const char *name)
{
	return MHD_lookup_connection_value(q->connection, MHD_HEADER_KIND, name);
}

const char *http_body(const struct http_request *q, size_t *len)
{
	if (!q->body)
		return NULL;
	*len = q->body->len;
	return buf_text(q->body);
}

unsigned http_prefers(const struct http_request *q, const char *const *types)
{
	return http_accept(http_header(q, "Accept"), types);
}

void http_fail(struct http_response *r, unsigned status, const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	r->status = status;
	r->type = HTTP_TEXT;
	r->body.len = 0;
	buf_adds(&r->body, text);
	buf_addc(&r->body, '\n');
}

void http_add_header(struct http_response *r, const char *name, const char *value)
{
	assert(!strpbrk(value, "\r\n"));
	buf_add(&r->headers, name, strlen(name) + 1);
	buf_add(&r->headers, value, strlen(value) + 1);
}
