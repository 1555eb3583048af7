/* Every look asks the kernel; only what changes is logged. */
#include "agent/disk/enforcement.h"

#include "lib/log.h"

void enforcement_init(struct enforcement *n, const struct quota *quota, bool wanted)
{
	*n = (struct enforcement){ .quota = quota, .wanted = wanted };
	pthread_mutex_init(&n->turn, NULL);
	pthread_mutex_init(&n->lock, NULL);
}

void enforcement_fini(struct enforcement *n)
{
	pthread_mutex_destroy(&n->turn);
	pthread_mutex_destroy(&n->lock);
}

/* 1: it was off, and is on now. */
static int switch_on(const struct enforcement *n, struct error *e)
{
	struct quota_mode mode;

	if (quota_mode_get(n->quota, &mode, e))
		return -e->code;
	if (!mode.accounting)
		return error_set(e, ESRCH,
				 "project quotas of %s are off: mount it with prjquota again",
				 n->quota->path);
	if (mode.enforcing || !n->wanted)
		return 0;
	return quota_enforce(n->quota, e) ?: 1;
}

static void tell(struct enforcement *n, int r, const struct error *e)
{
	const char *path = n->quota->path;

	if (r > 0 && !n->off)
		log_warning("disk quotas: limits on %s were switched off by somebody, and are "
			    "enforced again",
			    path);
	else if (r >= 0 && n->off)
		log_info("disk quotas: limits on %s are enforced again", path);
	else if (r < 0 && !n->off)
		log_error("disk quotas: no limit on %s can be relied on: %s", path, e->text);
	n->times += r && !n->off;
	n->off = r < 0;
}

int enforcement_look(struct enforcement *n, struct error *e)
{
	int r;

	pthread_mutex_lock(&n->turn);
	r = switch_on(n, e);
	pthread_mutex_lock(&n->lock);
	tell(n, r, e);
	if (r < 0)
		n->why = *e;
	pthread_mutex_unlock(&n->lock);
	pthread_mutex_unlock(&n->turn);
	return MIN(r, 0);
}

bool enforcement_is_off(struct enforcement *n, struct error *why)
{
	bool off;

	pthread_mutex_lock(&n->lock);
	off = n->off;
	if (off && why)
		*why = n->why;
	pthread_mutex_unlock(&n->lock);
	return off;
}

uint64_t enforcement_times_off(struct enforcement *n)
{
	uint64_t times;

	pthread_mutex_lock(&n->lock);
	times = n->times;
	pthread_mutex_unlock(&n->lock);
	return times;
}
