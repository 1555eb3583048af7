/*
 * The help pages, made from the table of routes: HTML for browsers, Markdown for
 * everybody else (curl), in the layout of Mesos 0.22.
 */
#include "lib/http_request.h"

#define MARKDOWN "text/x-markdown; charset=utf-8"

static void add_html(struct buf *b, const char *s)
{
	for (; *s; s++) {
		if (*s == '<')
			buf_adds(b, "&lt;");
		else if (*s == '>')
			buf_adds(b, "&gt;");
		else if (*s == '&')
			buf_adds(b, "&amp;");
		else
			buf_addc(b, *s);
	}
}

static bool wants_html(const struct http_request *q)
{
	static const char *const types[] = { "text/x-markdown", "text/html", NULL };

	return http_prefers(q, types) == 1;
}

static void add_head(struct buf *b, const char *title)
{
	buf_addf(b,
		 "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>%s</title></head>\n",
		 title);
	buf_adds(b, "<body>\n");
}

static void html_index(const struct http_route *routes, struct buf *b)
{
	add_head(b, "Help");
	buf_adds(b, "<h1>Endpoints</h1>\n<dl>\n");
	for (; routes->path; routes++) {
		buf_addf(b, "<dt><a href=\"/help%s\">%s</a></dt><dd>", routes->path, routes->path);
		add_html(b, routes->doc);
		buf_adds(b, "</dd>\n");
	}
	buf_adds(b, "</dl>\n</body></html>\n");
}

static void text_index(const struct http_route *routes, struct buf *b)
{
	buf_adds(b, "## Endpoints ##\n\n");
	for (; routes->path; routes++)
		buf_addf(b, "- `%s`: %s\n", routes->path, routes->doc);
	buf_adds(b, "\n`/help/NAME` says more about each.\n");
}

/* A quoted block: each line of the text behind '>'. */
static void add_quoted(struct buf *b, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		buf_adds(b, ">        ");
		buf_add(b, text, len);
		buf_addc(b, '\n');
		text += len + (text[len] == '\n');
	}
}

static void text_page(const struct http_route *route, struct buf *b)
{
	buf_adds(b, "### TL;DR; ###\n");
	add_quoted(b, route->doc);
	buf_adds(b, "\n### USAGE ###\n");
	add_quoted(b, route->path);
	if (route->params || route->post)
		buf_adds(b, "\n### DESCRIPTION ###\n");
	if (route->params) {
		buf_adds(b, "Query parameters:\n\n");
		add_quoted(b, route->params);
	}
	if (route->post) {
		buf_adds(b, "POST, as application/json and from this machine:\n\n");
		add_quoted(b, route->takes);
	}
}

static void html_page(const struct http_route *route, struct buf *b)
{
	autobuf struct buf text = { 0 };

	text_page(route, &text);
	add_head(b, route->path);
	buf_adds(b, "<pre>\n");
	add_html(b, buf_text(&text));
	buf_adds(b, "</pre>\n<p><a href=\"/help\">All endpoints</a></p>\n</body></html>\n");
}

static void help_for(const char *name, bool html, const struct http_route *routes,
		     const char *const *prefixes, struct http_response *r)
{
	const struct http_route *route = http_find(routes, http_strip_prefix(name, prefixes));

	if (!route)
		http_fail(r, MHD_HTTP_BAD_REQUEST, "No help available for '%s'.", name);
	else if (html)
		html_page(route, &r->body);
	else
		text_page(route, &r->body);
}

bool http_help(const struct http_request *q, const struct http_route *routes,
	       const char *const *prefixes, struct http_response *r)
{
	const char *path = http_strip_prefix(q->path, prefixes);
	bool html = wants_html(q);

	if (!str_starts(path, "/help") || (path[5] && path[5] != '/'))
		return false;
	r->type = html ? HTTP_HTML : MARKDOWN;
	if (path[5])
		help_for(path + 5, html, routes, prefixes, r);
	else if (html)
		html_index(routes, &r->body);
	else
		text_index(routes, &r->body);
	return true;
}
