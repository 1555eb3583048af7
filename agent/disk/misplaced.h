/*
 * Sandboxes that were found, at the start of the agent, in the project of another, or of others:
 * each gets one of its own, and then, one after the other, all that is in it is put there.
 */
#pragma once

#include "lib/work.h"

struct misplaced;
struct projects;

/* work_dir_fd is the caller's. */
struct misplaced *misplaced_new(struct projects *projects, struct work_pool *pool, int work_dir_fd);
/* What its job does is cut short. */
void misplaced_stop(struct misplaced *m);
/* After the pool was freed. NULL is accepted. */
void misplaced_free(struct misplaced *m);

/* One more of them, before misplaced_begin(); sandbox is its path below work_dir. */
void misplaced_add(struct misplaced *m, const char *sandbox, const char *container_id);
/* Once, when the ids of others are known: takes an id for each, which blocks, and begins. */
void misplaced_begin(struct misplaced *m);
