/* What a task does while a directory is looked up, at the moment of the call. */
#pragma once

#include <dlfcn.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <sys/syscall.h>

/* NULL: nothing. True: the call fails, with errno. */
static bool (*on_lookup)(const char *name, const struct open_how *how);

/* In place of glibc's, which has no function for openat2(2). */
long syscall(long number, ...)
{
	long (*real)(long, ...) = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	long args[6];
	va_list ap;

	va_start(ap, number);
	for (size_t i = 0; i < ARRAY_SIZE(args); i++)
		args[i] = va_arg(ap, long);
	va_end(ap);
	if (number == SYS_openat2 && on_lookup &&
	    on_lookup((const char *)args[1], (const struct open_how *)args[2]))
		return -1;
	return real(number, args[0], args[1], args[2], args[3], args[4], args[5]);
}
