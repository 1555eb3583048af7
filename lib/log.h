/*
 * One line per event: subject first, then a verb, then key=value. error = gave
 * up; warning = went on, and says so; info = a state changed; debug = anything.
 */
#pragma once

#include "lib/base.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Lines above this level are not written; the default is info. Set once, at start. */
void log_set_level(enum log_level level);
/* Sends lines to this fd as well as to standard error; quiet: to it alone. Takes the fd. */
void log_set_file(int fd, bool quiet);
void log_write(enum log_level level, const char *fmt, ...) format_printf(2, 3);

#define log_error(...)   log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)    log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)   log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* For what strangers can cause at will. Zero-initialise. */
struct log_limit {
	int64_t last_ns;
	uint64_t left_out;
};

/*
 * Whether such a line may be written now (now_ns()): one a second. *left_out is how many were
 * not since the last one.
 */
bool log_permit(struct log_limit *limit, int64_t now, uint64_t *left_out);
