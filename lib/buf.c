/* The growable buffer: amortised growth, fast digits, JSON strings. */
#include "lib/buf.h"

#include <stdarg.h>
#include <stdio.h>

#define BYTES(n) (UINT64_C(0x0101010101010101) * (n)) /* the same in each of eight */

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

	for (; v > UINT32_MAX; v /= 10)
		digits[--n] = (char)('0' + v % 10);
	for (uint32_t w = (uint32_t)v; w || n == sizeof(digits); w /= 10)
		digits[--n] = (char)('0' + w % 10);
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

/* The high bit of each byte of w that is smaller than n; of the lowest such byte at least. */
static uint64_t below(uint64_t w, unsigned char n)
{
	return (w - BYTES(n)) & ~w & BYTES(0x80);
}

/* Whether eight bytes have one that JSON escapes. */
static bool eight_escape(const char *s)
{
	uint64_t w;

	memcpy(&w, s, sizeof(w));
	return below(w, 0x20) | below(w ^ BYTES('"'), 1) | below(w ^ BYTES('\\'), 1);
}

static bool escaped(unsigned char c)
{
	return c < 0x20 || c == '"' || c == '\\';
}

/* How many of n bytes go as they are. */
static size_t plain_length(const char *s, size_t n)
{
	size_t i = 0;

	while (i + 8 <= n && !eight_escape(s + i))
		i += 8;
	if (n >= 8 && i + 8 > n && !eight_escape(s + n - 8))
		return n;
	while (i < n && !escaped((unsigned char)s[i]))
		i++;
	return i;
}

void buf_add_json(struct buf *b, const char *s)
{
	size_t left = strlen(s), n = plain_length(s, left);

	buf_reserve(b, left + 2);
	buf_addc(b, '"');
	for (; n < left; n = plain_length(s, left)) {
		buf_add(b, s, n);
		add_escaped(b, (unsigned char)s[n]);
		s += n + 1;
		left -= n + 1;
	}
	buf_add(b, s, left);
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
