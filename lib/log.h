/*
 * One line per event: subject first, then a verb, then key=value. error = gave up; warning = went
 * on, and says so; info = a state changed; debug = anything. Where standard error is the journal's,
 * a line goes there with its fields: log_fields.h.
 */
#pragma once

#include "lib/base.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Lines above this level are not written; the default is info. Set once, at start. */
void log_set_level(enum log_level level);
/* Sends lines to this fd as well as to standard error; quiet: to it alone. Takes the fd. */
void log_set_file(int fd, bool quiet);
/*
 * Standard error as it is now. Before this a line may wait for room there if somebody else writes
 * to the same pipe or terminal at the same moment.
 */
void log_set_standard(void);
struct log_fields;
/*
 * For the journal: adds fields to a line about a task, which has MESOS_TASK_ID (log_fields.h).
 * Called only on the thread that sets it, and never logs; NULL: nothing is added.
 */
void log_set_task_fields(void (*fn)(struct log_fields *f, void *ctx), void *ctx);
/*
 * Lines that were not written since the start: no line ever waits for who should read it. What is
 * missing in a place is said there as soon as it takes lines again.
 */
uint64_t log_dropped(void);

/* Where a line comes from, as fields of the journal. */
struct log_place {
	const char *file, *line, *function;
};
#define LOG_TEXT_OF(x) #x
#define LOG_TEXT(x)    LOG_TEXT_OF(x)
#define LOG_PLACE                                                                                  \
	(&(const struct log_place){ "CODE_FILE=" __FILE__, "CODE_LINE=" LOG_TEXT(__LINE__),        \
				    __func__ })
void log_write(enum log_level level, const struct log_place *place, const char *fmt, ...)
	format_printf(3, 4);

#define log_line(level, ...) log_write(level, LOG_PLACE, __VA_ARGS__)
#define log_error(...)       log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...)     log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)        log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)       log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* For what strangers can cause at will. Zero-initialise but for `more`. */
struct log_limit {
	int64_t last_ns;
	uint64_t left_out;
	unsigned more; /* lines that may follow the first within its second */
	unsigned followed;
};

/*
 * Whether such a line may be written now (now_ns()): one a second, and `more`. *left_out is how
 * many were not since the last one.
 */
bool log_permit(struct log_limit *limit, int64_t now, uint64_t *left_out);
/*
 * How many lines were not written since the last one, when no other may follow: they are told then.
 */
uint64_t log_take_left_out(struct log_limit *limit);
/* Writes it if it may be written; " left_out=N" is appended if lines before it were not. */
void log_write_limited(struct log_limit *limit, enum log_level level, const struct log_place *place,
		       const char *fmt, ...) format_printf(4, 5);
#define log_limited(limit, level, ...) log_write_limited(limit, level, LOG_PLACE, __VA_ARGS__)

/* For a line that a framework or an executor can cause by each of its messages: 20 a second. */
#define LOG_MORE 19
#define log_often(level, ...)                                                                      \
	do {                                                                                       \
		static struct log_limit limit_ = { .more = LOG_MORE };                             \
		log_limited(&limit_, level, __VA_ARGS__);                                          \
	} while (0)
#define log_warning_often(...) log_often(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info_often(...)    log_often(LOG_LEVEL_INFO, __VA_ARGS__)
