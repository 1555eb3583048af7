/*
 * What the disk isolators have in common: which limit a container has, how their watches of it
 * begin and end, and what is said of its use.
 */
#pragma once

#include "agent/isolator/isolator.h"

/* What it was offered: its tasks' disk, or the default; false: nothing. */
bool disk_offered_to(const struct container *c, uint64_t *ret);
/*
 * What it may use: the word of an operator or of a hook, or what it was offered; false: no limit.
 */
bool disk_limit_of(const struct container *c, uint64_t *ret);
void disk_usage(const struct container *c, struct usage *ret);

/* Describes the container to a watch of it, and holds the container until disk_settled(). */
void disk_describe(struct container *c, struct disk_watch *w, const struct disk_method *method,
		   const struct disk_watch_ops *ops);
/* The container has ended: so does a watch of it, if there is one, after a last check. */
void disk_unwatch(struct disk_watch *w);
/* Begins to scan its sandbox by a method of scan_watch.h, unless it is scanned already. */
void disk_scan(struct container *c, const struct disk_method *method);
/* For their ops. */
void disk_exceeded(struct disk_watch *w, const char *why);
void disk_settled(struct disk_watch *w);
