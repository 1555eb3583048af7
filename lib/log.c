/*
 * Log lines on standard error, or in the journal if that is what reads it, and, if asked
 * for, in a file. A line is one write(2), which never waits: who does not read what is written, a
 * terminal after Ctrl-S too, misses lines and is told how many.
 */
#include "lib/log.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>

#include "lib/buf.h"
#include "lib/log_fields.h"

#define LOG_LINE_BYTES 4096
#define JOURNAL        "/run/systemd/journal/socket"
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

/* Where lines go, and how many of the last ones did not. */
struct sink {
	int fd;
	bool waits; /* a write(2) would wait for room: it is asked for first */
	bool socket;
	bool torn; /* the last line has no end */
	uint64_t missing;
};

/* Jobs log too: what follows is for who holds the lock. Nothing waits while it is held. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct sink file = { .fd = -EBADF };
static struct sink standard = { .fd = STDERR_FILENO, .waits = true };
static struct sink journal = { .fd = -EBADF };
static uint64_t dropped;

static enum log_level max_level = LOG_LEVEL_INFO;
static bool quiet_stderr;

void log_set_level(enum log_level level)
{
	max_level = level;
}

void log_set_file(int fd, bool quiet)
{
	close_fd(&file.fd);
	file = (struct sink){ .fd = fd };
	quiet_stderr = quiet;
}

/*
 * Another description of the same pipe or terminal, so that whoever shares ours may go on waiting.
 * A regular file has no readers; a socket can be asked not to wait with each message.
 */
void log_set_standard(void)
{
	struct stat st;
	int fd;

	if (standard.fd != STDERR_FILENO)
		close_fd(&standard.fd);
	standard = (struct sink){ .fd = STDERR_FILENO, .waits = true };
	if (fstat(STDERR_FILENO, &st) || S_ISREG(st.st_mode))
		return;
	standard.socket = S_ISSOCK(st.st_mode);
	if (standard.socket)
		return;
	fd = open("/proc/self/fd/2", O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0)
		standard = (struct sink){ .fd = fd };
}

uint64_t log_dropped(void)
{
	uint64_t n;

	pthread_mutex_lock(&lock);
	n = dropped;
	pthread_mutex_unlock(&lock);
	return n;
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

/* ---- a line ---- */

struct line {
	enum log_level level;
	const struct log_place *place;
	const char *text;
	const struct log_fields *fields;
};

/* Without room in a pipe it does not begin. */
static ssize_t write_some(const struct sink *s, const char *text, size_t n)
{
	struct pollfd room = { .fd = s->fd, .events = POLLOUT };

	if (s->socket)
		return send(s->fd, text, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (s->waits && poll(&room, 1, 0) != 1)
		return -1;
	return write(s->fd, text, n);
}

/* Whether it is there, with its end. Where nobody else notes the time, it does. */
static bool put_text(struct sink *s, const struct line *l)
{
	char text[1 + LOG_LINE_BYTES] = "\n"; /* after one without an end */
	char *at = s->torn ? text + 1 : text;
	size_t n = add_time(at, LOG_LINE_BYTES, l->level);
	ssize_t done;

	n += (size_t)snprintf(at + n, LOG_LINE_BYTES - n - 1, "%s", l->text);
	n = MIN(n, LOG_LINE_BYTES - 2);
	at[n++] = '\n';
	n += (size_t)(at - text);
	done = write_some(s, text, n);
	s->torn = done > 0 ? (size_t)done < n : s->torn;
	return done == (ssize_t)n;
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

/* As https://systemd.io/JOURNAL_NATIVE_PROTOCOL says; no value has a line end. */
static void describe(const struct line *l, struct buf *out)
{
	buf_addf(out, "MESSAGE=%s\nPRIORITY=%d\n%s\n%s\nCODE_FUNC=%s\nSYSLOG_IDENTIFIER=%s\n",
		 l->text, levels[l->level].priority, l->place->file, l->place->line,
		 l->place->function, program_invocation_short_name);
	for (size_t i = 0; i < l->fields->count; i++)
		buf_addf(out, "%s\n", l->fields->text[i]);
}

static int connect_journal(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX, .sun_path = JOURNAL };

	if (journal.fd >= 0)
		return 0;
	journal.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (journal.fd >= 0 && !connect(journal.fd, (struct sockaddr *)&at, sizeof(at)))
		return 0;
	close_fd(&journal.fd);
	return -1;
}

/* sd_journal_send(3) would wait for a journal that does not read. */
static bool put_journal(struct sink *s unused, const struct line *l)
{
	autobuf struct buf message = { 0 };

	describe(l, &message);
	if (!connect_journal() && send(journal.fd, message.data, message.len, MSG_NOSIGNAL) >= 0)
		return true;
	if (errno == EAGAIN)
		return false;
	close_fd(&journal.fd); /* it was begun anew, or is not there: the next line sees */
	return put_text(&standard, l);
}

/* ---- where a line goes ---- */

/* Those before it that are missing first, or it is one of them. */
static void put(struct sink *s, bool (*fn)(struct sink *s, const struct line *l),
		const struct line *l)
{
	char text[100];
	struct log_fields none = { .count = 0 };
	struct line note = { LOG_LEVEL_WARNING, LOG_PLACE, text, &none };

	snprintf(text, sizeof(text), "log: lines are missing here, there was no room dropped=%llu",
		 (unsigned long long)s->missing);
	if (s->missing && fn(s, &note))
		s->missing = 0;
	if (!s->missing && fn(s, l))
		return;
	s->missing++;
	dropped++;
}

static void distribute(const struct line *l)
{
	if (file.fd >= 0)
		put(&file, put_text, l);
	if (file.fd >= 0 && quiet_stderr)
		return;
	if (is_journal())
		put(&journal, put_journal, l);
	else
		put(&standard, put_text, l);
}

/* Foreign text must neither forge a line nor steer a terminal. */
static void make_harmless(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

static struct {
	void (*fn)(struct log_fields *f, void *ctx);
	void *ctx;
	pthread_t thread;
} task_fields;

void log_set_task_fields(void (*fn)(struct log_fields *f, void *ctx), void *ctx)
{
	task_fields.ctx = ctx;
	task_fields.thread = pthread_self();
	task_fields.fn = fn;
}

/* What they are found in belongs to that thread. */
static void add_task_fields(struct log_fields *f)
{
	if (task_fields.fn && pthread_equal(task_fields.thread, pthread_self()) && is_journal() &&
	    log_fields_get(f, "MESOS_TASK_ID"))
		task_fields.fn(f, task_fields.ctx);
}

static void write_line(enum log_level level, const struct log_place *place, uint64_t left_out,
		       const char *fmt, va_list args)
{
	size_t most = LOG_LINE_BYTES - LEFT_OUT_BYTES, n;
	char text[LOG_LINE_BYTES];
	struct log_fields fields;

	log_fields_find(fmt, args, &fields);
	add_task_fields(&fields);
	n = (size_t)vsnprintf(text, most, fmt, args);
	n = MIN(n, most - 1);
	if (left_out)
		snprintf(text + n, LEFT_OUT_BYTES, " left_out=%llu", (unsigned long long)left_out);
	make_harmless(text);
	for (size_t i = 0; i < fields.count; i++)
		make_harmless(fields.text[i]);
	pthread_mutex_lock(&lock);
	distribute(&(struct line){ level, place, text, &fields });
	pthread_mutex_unlock(&lock);
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

uint64_t log_take_left_out(struct log_limit *limit)
{
	uint64_t n = limit->left_out;

	limit->left_out = 0;
	return n;
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
