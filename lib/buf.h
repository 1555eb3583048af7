/* A byte buffer that grows: everything that is encoded or queued lies in one. */
#pragma once

#include "lib/base.h"

struct buf {
	char *data;
	size_t len; /* bytes in use */
	size_t cap; /* bytes allocated */
};

#define autobuf cleanup(buf_fini)

/* Frees the memory; the buffer is empty and usable afterwards. */
void buf_fini(struct buf *b);
/* What buf_reserve() does when there is too little room. */
char *buf_grow(struct buf *b, size_t n);

/* Makes room for n more bytes and returns where they go (b->len does not move). */
static inline char *buf_reserve(struct buf *b, size_t n)
{
	return b->data && n <= b->cap - b->len ? b->data + b->len : buf_grow(b, n);
}

static inline void buf_addc(struct buf *b, char c)
{
	*buf_reserve(b, 1) = c;
	b->len++;
}

static inline void buf_add(struct buf *b, const void *data, size_t n)
{
	if (!n)
		return;
	memcpy(buf_reserve(b, n), data, n);
	b->len += n;
}

static inline void buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_addf(struct buf *b, const char *fmt, ...) format_printf(2, 3);
/* Decimal digits, without going through printf. */
void buf_addu(struct buf *b, uint64_t v);
void buf_addi(struct buf *b, int64_t v);
/* A JSON string with its quotes; s must be UTF-8. */
void buf_add_json(struct buf *b, const char *s);
/* Drops the first n bytes. */
void buf_consume(struct buf *b, size_t n);
/* Terminates the text and returns it; owned by the buffer. */
char *buf_text(struct buf *b);
/* Terminates the text, gives it to the caller, leaves the buffer empty. */
char *buf_take(struct buf *b);
