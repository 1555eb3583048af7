/* The growable buffer: amortised growth, fast digits, JSON strings. */
#include "lib/buf.h"

#include <stdarg.h>
#include <stdio.h>

void buf_fini(struct buf *b)
{
	free(b->data);
	*b = (struct buf){ 0 };
}

char *buf_grow(struct buf *b, size_t n)
{
	assert(n < SIZE_MAX / 2 && b->len < SIZE_MAX / 2);
	b->cap = MAX(b->cap * 2, MAX(b->len + n, 64));
	b->data = xrealloc(b->data, b->cap);
	return b->data + b->len;
}

void buf_add(struct buf *b, const void *data, size_t n)
{
	if (!n)
		return;
	memcpy(buf_reserve(b, n), data, n);
	b->len += n;
}

void buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list args, again;
	int n;

	va_start(args, fmt);
	va_copy(again, args);
	n = vsnprintf(NULL, 0, fmt, args);
	assert(n >= 0);
	vsnprintf(buf_reserve(b, (size_t)n + 1), (size_t)n + 1, fmt, again);
	b->len += (size_t)n;
	va_end(again);
	va_end(args);
}

void buf_addu(struct buf *b, uint64_t v)
{
	char digits[20];
	size_t n = sizeof(digits);

	do {
		digits[--n] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	buf_add(b, digits + n, sizeof(digits) - n);
}

void buf_addi(struct buf *b, int64_t v)
{
	if (v < 0)
		buf_addc(b, '-');
	buf_addu(b, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

/* What a byte below 0x20, a quote or a backslash becomes; 0 stands for \u00XX. */
static void add_escaped(struct buf *b, unsigned char c)
{
	static const char shorts[128] = {
		['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f',
		['\n'] = 'n', ['\r'] = 'r',  ['\t'] = 't',
	};

	if (shorts[c]) {
		buf_addc(b, '\\');
		buf_addc(b, shorts[c]);
	} else {
		buf_addf(b, "\\u%04x", c);
	}
}

void buf_add_json(struct buf *b, const char *s)
{
	const char *start = s;

	buf_addc(b, '"');
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		buf_add(b, start, (size_t)(s - start));
		add_escaped(b, c);
		start = s + 1;
	}
	buf_add(b, start, (size_t)(s - start));
	buf_addc(b, '"');
}

void buf_consume(struct buf *b, size_t n)
{
	assert(n <= b->len);
	if (n && n < b->len)
		memmove(b->data, b->data + n, b->len - n);
	b->len -= n;
}

char *buf_text(struct buf *b)
{
	*buf_reserve(b, 1) = '\0';
	return b->data;
}

char *buf_take(struct buf *b)
{
	char *text = buf_text(b);

	*b = (struct buf){ 0 };
	return text;
}
