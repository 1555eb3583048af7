/* One pass over the text, a letter at a time: a line may end within a quoted value. */
#include "lib/env_file.h"

#include <ctype.h>

#include "lib/config_dir.h"
#include "lib/utf8.h"

#define BLANKS    " \t"
#define LINE_ENDS "\n\r"

static bool is_name(const char *s, size_t n)
{
	if (!n || isdigit((unsigned char)*s))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)s[i]) && s[i] != '_')
			return false;
	return true;
}

static bool ends_line(char c)
{
	return c == '\n' || c == '\r';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* That it may go on in the next line is so up to systemd 253. */
static const char *skip_comment(const char *p)
{
	while (*p && !ends_line(*p))
		p += *p == '\\' && p[1] ? 2 : 1;
	return p;
}

static const char *add_single_quoted(const char *p, struct buf *out)
{
	size_t n = strcspn(p, "'");

	buf_add(out, p, n);
	return p[n] ? p + n + 1 : p + n;
}

/* A backslash before anything else than these is one, but at the end of the file it is nothing. */
static const char *add_double_quoted(const char *p, struct buf *out)
{
	for (; *p && *p != '"'; p++) {
		bool escaped = *p == '\\';

		p += escaped;
		if (!*p)
			break;
		if (escaped && !strchr("\"\\`$\n", *p))
			buf_addc(out, '\\');
		if (!escaped || *p != '\n')
			buf_addc(out, *p);
	}
	return *p ? p + 1 : p;
}

/* A backslash takes the meaning of what follows, be it the end of the line. */
static const char *add_escaped(const char *p, struct buf *out)
{
	if (*p && !ends_line(*p))
		buf_addc(out, *p);
	return *p ? p + 1 : p;
}

/* Up to the end of the line, without the blanks before that. A quote in it is a letter. */
static const char *add_unquoted(const char *p, struct buf *out)
{
	size_t end = out->len;

	while (*p && !ends_line(*p)) {
		char c = *p++;

		if (c == '\\')
			p = add_escaped(p, out);
		else
			buf_addc(out, c);
		if (!is_blank(c))
			end = out->len;
	}
	out->len = end;
	return p;
}

/* What is quoted comes first, in as many parts as there are; blanks around those do not count. */
static const char *add_value(const char *p, struct buf *out)
{
	for (p += strspn(p, BLANKS); *p == '"' || *p == '\''; p += strspn(p, BLANKS))
		p = *p == '"' ? add_double_quoted(p + 1, out) : add_single_quoted(p + 1, out);
	return add_unquoted(p, out);
}

/* The name is all before the =, whatever that is: only where it ends is known whether it is one. */
static const char *add_line(const char *p, struct buf *out)
{
	size_t n = 1 + strcspn(p + 1, "=" LINE_ENDS), name = n;

	if (p[n] != '=')
		return p + n;
	while (is_blank(p[name - 1]))
		name--;
	buf_add(out, p, name);
	buf_addc(out, '=');
	return add_value(p + n + 1, out);
}

static bool is_text(const char *text)
{
	for (size_t n; *text; text += n) {
		n = utf8_length(text);
		if (!n || utf8_noncharacter(text))
			return false;
	}
	return true;
}

void env_file_parse(const char *text, struct buf *ret)
{
	size_t before = ret->len, start;

	for (const char *p = text; *(p += strspn(p, BLANKS LINE_ENDS));) {
		if (*p == '#' || *p == ';') {
			p = skip_comment(p);
			continue;
		}
		start = ret->len;
		p = add_line(p, ret);
		if (ret->len == start)
			continue;
		buf_addc(ret, '\0');
		if (!is_text(ret->data + start)) {
			ret->len = before;
			return;
		}
		if (!is_name(ret->data + start, strcspn(ret->data + start, "=")))
			ret->len = start;
	}
}

int env_file_read(const char *path, size_t max_bytes, struct buf *ret, struct error *e)
{
	autobuf struct buf text = { 0 };
	int r = config_file_read(path, max_bytes, &text, e);

	if (r == -ENOENT || r == -EACCES)
		return 0;
	if (!r && !memchr(buf_text(&text), '\0', text.len))
		env_file_parse(buf_text(&text), ret);
	return r;
}
