/* One pass over the text, a letter at a time: a line may end within a quoted value. */
#include "lib/env_file.h"

#include <ctype.h>

#include "lib/config_dir.h"

static bool is_name(const char *s, size_t n)
{
	if (!n || isdigit((unsigned char)*s))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)s[i]) && s[i] != '_')
			return false;
	return true;
}

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t");
}

static const char *skip_line(const char *p)
{
	p += strcspn(p, "\n");
	return *p ? p + 1 : p;
}

/* Behind the opening quote; what it returns is behind the closing one. */
static const char *add_quoted(const char *p, char quote, struct buf *out)
{
	for (; *p && *p != quote; p++) {
		if (quote == '"' && *p == '\\' && p[1] == '\n') {
			p++;
			continue;
		}
		if (quote == '"' && *p == '\\' && p[1] && strchr("\"\\`$", p[1]))
			p++;
		buf_addc(out, *p);
	}
	return *p ? p + 1 : p;
}

/* A backslash takes the meaning of what follows, be it the end of the line. */
static const char *add_escaped(const char *p, struct buf *out)
{
	if (*p && *p != '\n')
		buf_addc(out, *p);
	return *p ? p + 1 : p;
}

/* Up to the end of the line, without the blanks before that. */
static const char *add_value(const char *p, struct buf *out)
{
	size_t end = out->len;

	while (*p && *p != '\n') {
		char c = *p++;

		if (c == '\'' || c == '"')
			p = add_quoted(p, c, out);
		else if (c == '\\')
			p = add_escaped(p, out);
		else
			buf_addc(out, c);
		if ((c != ' ' && c != '\t' && c != '\r'))
			end = out->len;
	}
	out->len = end;
	return *p ? p + 1 : p;
}

void env_file_parse(const char *text, struct buf *ret)
{
	for (const char *p = text; *p;) {
		size_t n;

		p += strspn(p, " \t\n\r");
		n = strcspn(p, "= \t\n");
		if (!is_name(p, n) || *skip_blanks(p + n) != '=') {
			p = skip_line(p);
			continue;
		}
		buf_add(ret, p, n);
		buf_addc(ret, '=');
		p = add_value(skip_blanks(skip_blanks(p + n) + 1), ret);
		buf_addc(ret, '\0');
	}
}

int env_file_read(const char *path, size_t max_bytes, struct buf *ret, struct error *e)
{
	autobuf struct buf text = { 0 };
	int r = config_file_read(path, max_bytes, &text, e);

	if (r == -ENOENT || r == -EACCES)
		return 0;
	if (!r)
		env_file_parse(buf_text(&text), ret);
	return r;
}
