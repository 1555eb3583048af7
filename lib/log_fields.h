/*
 * What a log line is about, from its own words: of "task %s: launched framework=%s" the journal
 * gets MESOS_TASK_ID= and MESOS_FRAMEWORK_ID=. The format decides, so no text from outside makes a
 * field.
 */
#pragma once

#include <stdarg.h>

#include "lib/base.h"

#define LOG_FIELDS_MAX      20  /* of these five at most are found in a format */
#define LOG_FIELD_MAX_BYTES 300 /* name and value; ids are shorter */

struct log_fields {
	char text[LOG_FIELDS_MAX][LOG_FIELD_MAX_BYTES]; /* "MESOS_TASK_ID=t1" */
	size_t count;
};

/* args are those of fmt, printf(3), and are not used up. A value that is empty makes no field. */
void log_fields_find(const char *fmt, va_list args, struct log_fields *ret);
/* The value of a field; NULL: the line has no such one. */
const char *log_fields_get(const struct log_fields *f, const char *field);
/*
 * One more, as long as there is room; cut where it is too long. Not one whose name the journal
 * would not take (systemd.journal-fields(7): at most 64 bytes), or which has no value.
 */
void log_fields_add(struct log_fields *f, const char *field, const char *value);
