/*
 * Project quotas for the agent as a whole: the ids of its sandboxes, what the kernel says of them
 * by itself, and the net below them. Without a disk quota isolator none of these is there; what is
 * said of flags goes for posix/disk as well.
 */
#pragma once

#include "agent/agent.h"

/* What flags that belong together say; before anything is made. -EINVAL names them. */
int quotas_check_flags(const struct agent *a, struct error *e);
/* Whether a container that is over its limit is ended. */
bool quotas_kills(const struct agent *a);
/* After the store, before recovery. */
int quotas_set_up(struct agent *a, struct error *e);
/* After the rows were read, before containers are found again. */
int quotas_recover(struct agent *a, struct error *e);
/* Before the pools are freed: what its jobs do is cut short. */
void quotas_stop(struct agent *a);
/* After the pools were freed. */
void quotas_free(struct agent *a);
/* For gc: whether there is an id for one more container. */
enum gc_more quotas_more(void *agent);
/* For gc: a sandbox was deleted. */
void quotas_sandbox_deleted(const char *path, void *agent);
/*
 * A container has nothing left of its quota: as if the kernel had refused it more, which nobody
 * hears, or has heard.
 */
void quotas_found_full(struct agent *a, struct container *c);
/*
 * A check of a container that runs has failed: if it was for want of an id, the oldest sandboxes go
 * before their time.
 */
void quotas_missed(struct agent *a, const struct container *c);
/* The flag that enforces limits is set, and some disk isolator is on. */
bool quotas_wanted(const struct agent *a);
/* At the last look the kernel enforced none, and could not be made to. */
bool quotas_unenforced(const struct agent *a);
void quotas_add_health(const struct agent *a, struct buf *out);
void quotas_read_metrics(struct agent *a);
