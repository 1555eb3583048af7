/*
 * Log lines on standard error (with the <N> priority of sd-daemon(3) when the
 * journal reads it) and, if asked for, in a file. A line is one write(2).
 */
#include "lib/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#define LOG_LINE_BYTES 4096

static const struct {
	char letter;
	const char *journal;
} levels[] = {
	[LOG_LEVEL_ERROR] = { 'E', "<3>" },
	[LOG_LEVEL_WARNING] = { 'W', "<4>" },
	[LOG_LEVEL_INFO] = { 'I', "<6>" },
	[LOG_LEVEL_DEBUG] = { 'D', "<7>" },
};

static enum log_level max_level = LOG_LEVEL_INFO;
static int log_fd = -EBADF;
static bool quiet_stderr;

void log_set_level(enum log_level level)
{
	max_level = level;
}

void log_set_file(int fd, bool quiet)
{
	close_fd(&log_fd);
	log_fd = fd;
	quiet_stderr = quiet;
}

static size_t add_time(char *line, size_t size, enum log_level level)
{
	int64_t now = wall_ns();
	time_t seconds = (time_t)(now / NSEC_PER_SEC);
	struct tm tm;
	size_t n;

	localtime_r(&seconds, &tm);
	line[0] = levels[level].letter;
	n = 1 + strftime(line + 1, size - 1, "%m%d %H:%M:%S", &tm);
	return n + (size_t)snprintf(line + n, size - n, ".%06d ",
				    (int)(now % NSEC_PER_SEC / NSEC_PER_USEC));
}

/* A log that cannot be written is no reason to stop: there is nowhere left to say so. */
static void put(int fd, const char *line, size_t n)
{
	if (write(fd, line, n) < 0)
		return;
}

void log_write(enum log_level level, const char *fmt, ...)
{
	char line[LOG_LINE_BYTES];
	size_t prefix, n;
	va_list args;
	bool journal;

	if (level > max_level)
		return;
	journal = !!getenv("JOURNAL_STREAM");
	n = prefix = add_time(line, sizeof(line), level);
	va_start(args, fmt);
	n += (size_t)vsnprintf(line + n, sizeof(line) - n, fmt, args);
	va_end(args);
	n = MIN(n, sizeof(line) - 1);
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] =
				'?'; /* foreign text must neither forge a line nor steer a terminal */
	line[n++] = '\n';
	if (log_fd >= 0)
		put(log_fd, line, n);
	if (log_fd >= 0 && quiet_stderr)
		return;
	if (journal) {
		memcpy(line + prefix - 3, levels[level].journal, 3);
		put(STDERR_FILENO, line + prefix - 3, n - prefix + 3);
	} else {
		put(STDERR_FILENO, line, n);
	}
}

bool log_permit(struct log_limit *limit, int64_t now, uint64_t *left_out)
{
	if (limit->last_ns && now - limit->last_ns < NSEC_PER_SEC) {
		if (limit->followed < limit->more) {
			limit->followed++;
			*left_out = 0;
			return true;
		}
		limit->left_out++;
		return false;
	}
	*left_out = limit->left_out;
	*limit = (struct log_limit){ .last_ns = now, .more = limit->more };
	return true;
}

void log_limited(struct log_limit *limit, enum log_level level, const char *fmt, ...)
{
	char text[LOG_LINE_BYTES - 128]; /* so that the count is not what is cut */
	uint64_t left_out;
	va_list args;

	if (level > max_level || !log_permit(limit, now_ns(), &left_out))
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (left_out)
		log_write(level, "%s left_out=%llu", text, (unsigned long long)left_out);
	else
		log_write(level, "%s", text);
}
