/*
 * What the kernel says of project quotas by itself, as soon as it is so: the generic netlink family
 * VFS_DQUOT, of which only the first network namespace hears (quota_send_warning() in the kernel's
 * fs/quota/netlink.c). It may say the same a thousand times a second, or lose what it wanted to
 * say: it makes checks come sooner, and stands for none.
 */
#pragma once

#include <sys/types.h>
#include <systemd/sd-event.h>

#include "lib/error.h"

struct warnings;

enum quota_warning {
	QUOTA_REFUSED_BLOCK = 1, /* the hard limit of bytes: a write was refused */
	QUOTA_REFUSED_FILE,      /* that of files */
	QUOTA_NEAR,              /* a soft limit was passed */
};

struct warnings_ops {
	/* count: how often it was said since the last time. */
	void (*warned)(void *ctx, uint32_t project, enum quota_warning what, uint64_t count);
	/* Some were lost, shortly before: whatever they were about. */
	void (*lost)(void *ctx);
};

/*
 * dev: the filesystem that is listened for. -ENOENT where this kernel or network namespace has no
 * such family.
 */
int warnings_new(sd_event *loop, dev_t dev, const struct warnings_ops *ops, void *ctx,
		 struct warnings **ret, struct error *e);
/* Tells now what has been said until now; NULL is harmless. Not from its ops. */
void warnings_read(struct warnings *w);
void warnings_free(struct warnings *w);
