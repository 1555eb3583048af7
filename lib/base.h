/*
 * The smallest vocabulary: scope-bound ownership, a few macros, allocation that
 * never returns NULL. Everything else in the tree may include this.
 */
#pragma once

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define BIT(n)        (UINT64_C(1) << (n))
/* clang-format off */
#define container_of(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))
/* clang-format on */
#define unused                   __attribute__((unused))
#define format_printf(fmt, args) __attribute__((format(printf, fmt, args)))

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

#define KIB (UINT64_C(1) << 10)
#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)
/* The unit of st_blocks on every filesystem: inode(7). */
#define STAT_BLOCK_BYTES UINT64_C(512)

#define NSEC_PER_USEC INT64_C(1000)
#define NSEC_PER_MSEC INT64_C(1000000)
#define NSEC_PER_SEC  INT64_C(1000000000)

/*
 * Ownership. A variable declared with one of these is released when its scope
 * ends; take_ptr() and take_fd() move the value out and leave nothing behind.
 */
#define autofree    cleanup(free_cleanup)
#define autofd      cleanup(close_cleanup)
#define cleanup(fn) __attribute__((__cleanup__(fn)))

static inline void free_cleanup(void *p)
{
	free(*(void **)p);
}

static inline void close_cleanup(const int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

/* clang-format off */
#define take_ptr(p) ({ __typeof__(p) take_tmp_ = (p); (p) = NULL; take_tmp_; })
#define take_fd(fd) ({ int take_tmp_ = (fd); (fd) = -EBADF; take_tmp_; })
/* clang-format on */

/* Closes *fd if it is open and marks it closed. Keeps errno. */
void close_fd(int *fd);

/* These never return NULL: out of memory aborts. */
void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t size);
void *xreallocarray(void *p, size_t n, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *fmt, ...) format_printf(1, 2);

/* Replaces *at by a copy of s (NULL stays NULL), freeing what was there. */
void replace_str(char **at, const char *s);

/* True when both are NULL, or both are the same text. */
bool str_equal(const char *a, const char *b);
bool str_starts(const char *s, const char *prefix);

/* Monotonic time in nanoseconds, for timers and periods: clock_gettime(2). */
int64_t now_ns(void);
/*
 * Wall clock in nanoseconds since 1970. It may be set: only for what is shown, for the times of
 * files, and for what outlives the process.
 */
int64_t wall_ns(void);
/* Seconds, to the microsecond, as messages and views have them. */
double ns_seconds(int64_t ns);
double wall_seconds(void);
