/*
 * Whether the kernel enforces limits on a filesystem: somebody may switch that off under a running
 * agent (xfs_quota -x -c 'disable -p', quotaoff). Each look switches it on again. For any thread; a
 * look may block, while the filesystem is frozen.
 */
#pragma once

#include <pthread.h>

#include "lib/quota.h"

struct enforcement {
	const struct quota *quota; /* the owner's */
	bool wanted;               /* otherwise it only accounts */
	/* Held over calls of the kernel, which may block. The loop takes `lock` only. */
	pthread_mutex_t turn;
	pthread_mutex_t lock; /* of what follows */
	bool off;             /* and cannot be switched on */
	struct error why;
	uint64_t times; /* that it was found switched off */
};

void enforcement_init(struct enforcement *n, const struct quota *quota, bool wanted);
void enforcement_fini(struct enforcement *n);
/* 0: limits are enforced, or need not be and are counted. What has changed is logged. */
int enforcement_look(struct enforcement *n, struct error *e);
/* Whether no limit is enforced, as far as the last look saw, and why (which may be NULL). */
bool enforcement_is_off(struct enforcement *n, struct error *why);
/* How often it was found to be switched off. */
uint64_t enforcement_times_off(struct enforcement *n);
