/*
 * What a log line is about, from its own words: of "task %s: launched framework=%s" the journal
 * gets MESOS_TASK_ID= and MESOS_FRAMEWORK_ID=. The format decides, so no text from outside makes a field.
 */
#pragma once

#include <stdarg.h>

#include "lib/base.h"

#define LOG_FIELDS_MAX      5
#define LOG_FIELD_MAX_BYTES 300 /* name and value; ids are shorter */

struct log_fields {
	char text[LOG_FIELDS_MAX][LOG_FIELD_MAX_BYTES]; /* "MESOS_TASK_ID=t1" */
	size_t count;
};

/* args are those of fmt, printf(3), and are not used up. A value that is empty makes no field. */
void log_fields_find(const char *fmt, va_list args, struct log_fields *ret);
