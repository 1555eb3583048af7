/*
 * What functions of an example do beside their work, as its parameters tell them; each names some,
 * separated by commas. `fails`: they say no. `crashes`, `hangs`: they do so, once. `waits`: they
 * wait for a file that is called like the parameter `file` with ".go" behind it.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mesos/module.h>

static inline bool told(const struct mesos_parameters *p, const char *how, const char *function)
{
	const char *list = mesos_parameter(p, how);
	size_t n = strlen(function);

	for (; list; list = strchr(list, ',') ? strchr(list, ',') + 1 : NULL)
		if (!strncmp(list, function, n) && (!list[n] || list[n] == ','))
			return true;
	return false;
}

/*
 * Leaves a mark for those that come after it, perhaps in another process: false if it is there
 * already.
 */
static inline bool told_once(const struct mesos_parameters *p, const char *how,
			     const char *function)
{
	char mark[4096];
	FILE *f;

	if (!told(p, how, function))
		return false;
	snprintf(mark, sizeof(mark), "%s.%s.%s", mesos_parameter(p, "file"), how, function);
	f = fopen(mark, "wxe");
	return f && !fclose(f);
}

static inline void await_go(const struct mesos_parameters *p)
{
	char go[4096];

	snprintf(go, sizeof(go), "%s.go", mesos_parameter(p, "file"));
	while (access(go, F_OK))
		usleep(10000);
}

/* 0, or -1 as mesos_fail() does. */
static inline int do_as_told(const struct mesos_parameters *p, const char *function)
{
	if (told_once(p, "crashes", function))
		abort();
	if (told_once(p, "hangs", function))
		for (;;)
			pause();
	if (told(p, "waits", function))
		await_go(p);
	return told(p, "fails", function) ? mesos_fail("%s says no", function) : 0;
}
