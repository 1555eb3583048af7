/* Allocation that never fails, strings, and the two clocks. */
#include "lib/base.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

static void *checked(void *p)
{
	if (!p) {
		static const char text[] = "out of memory\n";

		if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
			abort();
		abort();
	}
	return p;
}

void close_fd(int *fd)
{
	close_cleanup(fd);
	*fd = -EBADF;
}

void *xmalloc(size_t size)
{
	return checked(malloc(size ? size : 1));
}

void *xcalloc(size_t n, size_t size)
{
	return checked(calloc(n ? n : 1, size ? size : 1));
}

void *xrealloc(void *p, size_t size)
{
	return checked(realloc(p, size ? size : 1));
}

void *xreallocarray(void *p, size_t n, size_t size)
{
	return checked(reallocarray(p, n ? n : 1, size ? size : 1));
}

char *xstrdup(const char *s)
{
	return checked(strdup(s));
}

char *xstrndup(const char *s, size_t n)
{
	return checked(strndup(s, n));
}

char *xasprintf(const char *fmt, ...)
{
	va_list args;
	char *ret;

	va_start(args, fmt);
	if (vasprintf(&ret, fmt, args) < 0)
		ret = NULL;
	va_end(args);
	return checked(ret);
}

void replace_str(char **at, const char *s)
{
	char *copy = s ? xstrdup(s) : NULL;

	free(*at);
	*at = copy;
}

bool str_equal(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

bool str_starts(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

static int64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	if (clock_gettime(id, &ts))
		abort();
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

int64_t now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

int64_t wall_ns(void)
{
	return clock_ns(CLOCK_REALTIME);
}

double ns_seconds(int64_t ns)
{
	int64_t usec = ns / NSEC_PER_USEC;

	return (double)usec / 1e6;
}

double wall_seconds(void)
{
	return ns_seconds(wall_ns());
}
