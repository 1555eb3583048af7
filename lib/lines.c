/* The line splitter: scan once, give out in place, compact when half of it is old. */
#include "lib/lines.h"

void lines_fini(struct lines *l)
{
	buf_fini(&l->in);
	l->taken = l->scanned = 0;
}

char *lines_reserve(struct lines *l, size_t n)
{
	assert(n && l->taken <= l->scanned && l->scanned <= l->in.len);
	/* Never moving more than was taken since the last move is what bounds the total. */
	if (l->taken >= l->in.len - l->taken) {
		buf_consume(&l->in, l->taken);
		l->scanned -= l->taken;
		l->taken = 0;
	}
	return buf_reserve(&l->in, n);
}

void lines_added(struct lines *l, size_t n)
{
	assert(n <= l->in.cap - l->in.len);
	l->in.len += n;
}

int lines_next(struct lines *l, char **ret, size_t *len)
{
	assert(l->max);
	while (l->taken < l->in.len) {
		char *start = l->in.data + l->taken, *end = NULL;
		size_t fresh = l->in.len - l->scanned, n;

		if (fresh)
			end = memchr(l->in.data + l->scanned, '\n', fresh);
		n = end ? (size_t)(end - start) : l->in.len - l->taken;
		if (n && start[n - 1] == '\r')
			n--;
		if (n > l->max)
			return -EMSGSIZE; /* nothing moves: the next call ends here too */
		l->scanned = end ? (size_t)(end + 1 - l->in.data) : l->in.len;
		if (!end)
			return 0;
		l->taken = l->scanned;
		start[n] = '\0';
		if (!n)
			continue;
		*ret = start;
		*len = n;
		return LINES_TAKEN;
	}
	return 0;
}
