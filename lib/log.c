/*
 * Log lines on standard error, or in the journal if that is what reads it, and, if asked
 * for, in a file. A line is one write(2).
 */
#include "lib/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>
#include <systemd/sd-journal.h>
#include <time.h>

#include "lib/log_fields.h"

#define LOG_LINE_BYTES 4096
#define LEFT_OUT_BYTES 64 /* of a line, so that the count is not what is cut */

static const struct {
	char letter;
	int priority; /* as syslog(3) has it */
} levels[] = {
	[LOG_LEVEL_ERROR] = { 'E', LOG_ERR },
	[LOG_LEVEL_WARNING] = { 'W', LOG_WARNING },
	[LOG_LEVEL_INFO] = { 'I', LOG_INFO },
	[LOG_LEVEL_DEBUG] = { 'D', LOG_DEBUG },
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

/* ---- the journal ---- */

/* $JOURNAL_STREAM is inherited, standard error may be another by now: systemd.exec(5). */
static bool is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       !fstat(STDERR_FILENO, &st) && st.st_dev == device && st.st_ino == inode;
}

static struct iovec field(char *text)
{
	return (struct iovec){ .iov_base = text, .iov_len = strlen(text) };
}

static int send_to_journal(enum log_level level, const struct log_place *place, char *message,
			   struct log_fields *fields)
{
	struct iovec list[2 + LOG_FIELDS_MAX];
	char priority[] = "PRIORITY=0";
	int n = 0;

	priority[sizeof(priority) - 2] = (char)('0' + levels[level].priority);
	list[n++] = field(message);
	list[n++] = field(priority);
	for (size_t i = 0; i < fields->count; i++)
		list[n++] = field(fields->text[i]);
	return sd_journal_sendv_with_location(place->file, place->line, place->function, list, n);
}

/* ---- a line ---- */

/* Foreign text must neither forge a line nor steer a terminal. */
static void make_harmless(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

#define MESSAGE "MESSAGE="

/*
 * The text, which has MESSAGE in front, goes to each place in the shape that this has: with a time where
 * nobody else notes that.
 */
static void distribute(enum log_level level, const struct log_place *place, char *message,
		       struct log_fields *fields)
{
	const char *text = message + strlen(MESSAGE);
	char line[LOG_LINE_BYTES];
	size_t n = add_time(line, sizeof(line), level);

	n += (size_t)snprintf(line + n, sizeof(line) - n - 1, "%s", text);
	n = MIN(n, sizeof(line) - 2);
	line[n++] = '\n';
	if (log_fd >= 0)
		put(log_fd, line, n);
	if (log_fd >= 0 && quiet_stderr)
		return;
	if (!is_journal() || send_to_journal(level, place, message, fields) < 0)
		put(STDERR_FILENO, line, n);
}

static void write_line(enum log_level level, const struct log_place *place, uint64_t left_out,
		       const char *fmt, va_list args)
{
	char message[LOG_LINE_BYTES] = MESSAGE;
	size_t n = strlen(MESSAGE), most = sizeof(message) - LEFT_OUT_BYTES;
	struct log_fields fields;

	log_fields_find(fmt, args, &fields);
	n += (size_t)vsnprintf(message + n, most - n, fmt, args);
	n = MIN(n, most - 1);
	if (left_out)
		snprintf(message + n, LEFT_OUT_BYTES, " left_out=%llu",
			 (unsigned long long)left_out);
	make_harmless(message);
	distribute(level, place, message, &fields);
}

void log_write(enum log_level level, const struct log_place *place, const char *fmt, ...)
{
	va_list args;

	if (level > max_level)
		return;
	va_start(args, fmt);
	write_line(level, place, 0, fmt, args);
	va_end(args);
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

void log_write_limited(struct log_limit *limit, enum log_level level, const struct log_place *place,
		       const char *fmt, ...)
{
	uint64_t left_out;
	va_list args;

	if (level > max_level || !log_permit(limit, now_ns(), &left_out))
		return;
	va_start(args, fmt);
	write_line(level, place, left_out, fmt, args);
	va_end(args);
}
