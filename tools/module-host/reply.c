/* mesos_fail() and mesos_log(). */
#include "tools/module-host/reply.h"

#include <stdarg.h>
#include <stdio.h>

#include "lib/utf8.h"
#include "lib/version.h"
#include "mesos/module.h"
#include "tools/module-host/channel.h"

/* Of the thread that calls: a module may have others. */
static _Thread_local struct error failure;
static _Thread_local const char *current;

void reply_begin(const char *module)
{
	failure.code = 0;
	current = module;
}

const char *reply_failure(void)
{
	return failure.code && *failure.text ? failure.text : NULL;
}

/* It goes into JSON. */
static void say(char *to, size_t size, const char *format, va_list args)
{
	*to = '\0';
	if (format)
		vsnprintf(to, size, format, args);
	for (char *p = to; *p; p++)
		if ((unsigned char)*p < ' ')
			*p = ' ';
	utf8_repair(to);
}

int mesos_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(failure.text, sizeof(failure.text), format, args);
	va_end(args);
	failure.code = EREMOTEIO;
	return -1;
}

void mesos_log(const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	say(text, sizeof(text), format, args);
	va_end(args);
	channel_log(current, text);
}

const char *mesos_host_version(void)
{
	return MESOS_VERSION;
}
