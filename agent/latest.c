/*
 * Jobs of one agent make these links and remove them, so a mutex keeps them apart. A lock of the
 * directory a task could hold for ever.
 */
#include "agent/latest.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#define NAME "latest"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static char *temporary_name(const char *container_id)
{
	return xasprintf("." NAME "-%s", container_id);
}

int latest_point(int runs, const char *container_id, struct error *e)
{
	autofree char *temporary = temporary_name(container_id);
	int r;

	if (symlinkat(container_id, runs, temporary))
		return error_sys(e, "create link runs/%s", temporary);
	pthread_mutex_lock(&lock);
	r = renameat(runs, temporary, runs, NAME)
		    ? error_sys(e, "rename runs/%s to runs/" NAME, temporary)
		    : 0;
	pthread_mutex_unlock(&lock);
	return r;
}

/* Without the lock a new link could come between the look and the unlink, and be lost. */
static int drop_if_to(int runs, const char *container_id, struct error *e)
{
	char target[NAME_MAX + 1];
	ssize_t n = readlinkat(runs, NAME, target, sizeof(target));

	if (n == (ssize_t)strlen(container_id) && !memcmp(target, container_id, (size_t)n) &&
	    unlinkat(runs, NAME, 0) && errno != ENOENT)
		return error_sys(e, "remove link " NAME " to %s", container_id);
	return 0;
}

int latest_drop(int runs, const char *container_id, struct error *e)
{
	autofree char *temporary = temporary_name(container_id);
	int r;

	if (unlinkat(runs, temporary, 0) && errno != ENOENT)
		return error_sys(e, "remove link %s", temporary);
	pthread_mutex_lock(&lock);
	r = drop_if_to(runs, container_id, e);
	pthread_mutex_unlock(&lock);
	return r;
}
