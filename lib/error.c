/* struct error: set, set with errno, wrap. */
#include "lib/error.h"

#include <stdarg.h>
#include <stdio.h>

/* Length of the UTF-8 character at p (RFC 3629), 0 if there is none or it is a control character. */
static size_t utf8_length(const unsigned char *p)
{
	size_t n = p[0] < 0x80 ? 1 : p[0] >> 5 == 6 ? 2 : p[0] >> 4 == 14 ? 3 : 4;

	if (n == 1)
		return p[0] >= ' ' && p[0] != 0x7f;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < n; i++)
		if (p[i] >> 6 != 2)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

/*
 * The text quotes what strangers sent, may have been cut inside a character, and
 * goes into log lines and JSON: what would break those becomes '?'.
 */
static void make_printable(char *text)
{
	for (size_t n; *text; text += n ? n : 1) {
		n = utf8_length((const unsigned char *)text);
		if (!n)
			*text = '?';
	}
}

int error_set(struct error *e, int code, const char *fmt, ...)
{
	va_list args;

	assert(code > 0);
	e->code = code;
	va_start(args, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, args);
	va_end(args);
	make_printable(e->text);
	return -code;
}

int error_sys(struct error *e, const char *fmt, ...)
{
	int code = errno ? errno : EIO;
	va_list args;
	int n;

	e->code = code;
	va_start(args, fmt);
	n = vsnprintf(e->text, sizeof(e->text), fmt, args);
	va_end(args);
	if (n >= 0 && (size_t)n < sizeof(e->text))
		snprintf(e->text + n, sizeof(e->text) - (size_t)n, ": %s", strerror(code));
	make_printable(e->text);
	return -code;
}

int error_wrap(struct error *e, const char *fmt, ...)
{
	struct error inner = *e;
	va_list args;
	int n;

	assert(e->code > 0);
	va_start(args, fmt);
	n = vsnprintf(e->text, sizeof(e->text), fmt, args);
	va_end(args);
	if (n >= 0 && (size_t)n + 2 < sizeof(e->text))
		snprintf(e->text + n, sizeof(e->text) - (size_t)n, ": %.*s",
			 (int)(sizeof(e->text) - (size_t)n - 3), inner.text);
	make_printable(e->text);
	return -e->code;
}
