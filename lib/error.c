/* struct error: set, set with errno, wrap. */
#include "lib/error.h"

#include <stdarg.h>
#include <stdio.h>

#include "lib/utf8.h"

/*
 * The text quotes what strangers sent, may have been cut inside a character, and
 * goes into log lines and JSON: what would break those becomes '?'.
 */
static void make_printable(char *text)
{
	utf8_repair(text);
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
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

bool error_may_pass(const struct error *e)
{
	switch (e->code) {
	case EADDRINUSE:
	case EADDRNOTAVAIL:
	case EAGAIN:
	case EBUSY:
	case EDQUOT:
	case EIO:
	case EMFILE:
	case ENFILE:
	case ENODEV:
	case ENOMEM:
	case ENOSPC: return true;
	default: return false;
	}
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
