/*
 * Jobs off the loop: a small pool of threads for what may block. A job owns its
 * data and touches nothing else; its result is taken back in the loop.
 */
#pragma once

#include <systemd/sd-event.h>

#include "lib/error.h"
#include "lib/list.h"

/*
 * Embedded in what the job is about (container_of). `run` is called on a thread of
 * the pool, with all signals blocked. Then exactly one of the other two is called, in
 * the thread of the loop, and may free the job: `done` from the loop, or, when the
 * pool is freed before that, `cancel` (whether the job ran or not), which may be NULL
 * and should do no more than release what the job holds.
 */
struct work {
	void (*run)(struct work *);
	void (*done)(struct work *);
	void (*cancel)(struct work *);
	struct list node; /* the pool's */
};

struct work_pool;

struct work_counts {
	unsigned queued, running;
	uint64_t finished; /* ran to their end, since the pool was made */
};

/*
 * Starts `threads` threads, which call thread_start first (NULL: nothing), to lower
 * their priority for example. name, of at most 15 bytes, is theirs in /proc and top(1); the
 * caller's. The loop is referenced. eventfd(2), pthread_create(3).
 */
int work_pool_new(sd_event *loop, const char *name, unsigned threads, void (*thread_start)(void),
		  struct work_pool **ret, struct error *e);
/* Waits for the jobs that run, cancels the rest. Not from within a job's done. */
void work_pool_free(struct work_pool *p);
/* First in, first out. From the loop's thread only (a done may submit its job again). */
void work_submit(struct work_pool *p, struct work *w);
struct work_counts work_counts(struct work_pool *p);
