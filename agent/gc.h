/*
 * Garbage collection of sandboxes. A sandbox whose container has ended is kept for --gc_delay,
 * less when the disk fills (--gc_disk_headroom), and not at all when a launch needs the space.
 * What is garbage is in the store, so that neither a crash nor a restart forgets or delays it.
 */
#pragma once

#include "agent/flags.h"
#include "agent/metrics.h"
#include "agent/store.h"
#include "lib/work.h"

struct gc;
struct statvfs;

/* Whether what a launch needs besides bytes is there. */
enum gc_more {
	GC_ENOUGH,
	GC_COMING,  /* soon, for gc_look_again() will be called */
	GC_MISSING, /* something has to be deleted for it */
};

/* More sandboxes than this are not kept: the oldest goes before its time. */
#define GC_ENTRIES_MAX 100000

struct gc_options {
	sd_event *loop;
	struct work_pool *pool;
	struct store *store;
	const char *work_dir; /* for log lines */
	int work_dir_fd;      /* the caller's, open as long as gc lives */
	/*
	 * Where the agent's id is (NULL: it has none yet): that directory stays when it is empty.
	 */
	char *const *agent_id;
	int64_t delay_ns, watch_interval_ns;
	double headroom;      /* part of the disk, 0 to 1 */
	unsigned entries_max; /* 0: GC_ENTRIES_MAX */
	bool frees_late;      /* the file system does: lib/filesystem.h */
	struct agent_metrics *metrics;
	/* Both may be NULL: nothing else is needed, nobody is told of what is deleted. */
	enum gc_more (*more)(void *ctx);
	void (*deleted)(const char *path, void *ctx);
	void *ctx;
	/* fstatvfs(3), or what a test has in its place; NULL is fstatvfs(3). */
	int (*disk)(int fd, struct statvfs *ret);
};

/* What --gc_delay, --gc_disk_headroom and --disk_watch_interval may be. -EINVAL names the flag. */
int gc_check_flags(const struct agent_flags *flags, struct error *e);

/* The options are copied. Nothing is deleted before the loop runs. */
int gc_new(const struct gc_options *o, struct gc **ret, struct error *e);
/* Before the pool is freed: a deletion that runs is left where it is, instead of waited for. */
void gc_stop(struct gc *gc);
/*
 * After the pool was freed; waits are forgotten. The store may be closed already. NULL is accepted.
 */
void gc_free(struct gc *gc);

/*
 * A row of garbage_table, for store_load(): writes nothing to the store. -EBADMSG if its path is
 * not that of a sandbox.
 */
int gc_restore(struct gc *gc, const struct garbage_row *row, struct error *e);
/*
 * This sandbox is garbage since then (wall_ns()): puts its row. path is relative to work_dir:
 * slaves/A/frameworks/F/executors/E/runs/C. What is garbage already stays as it is;
 * another path is logged and left alone.
 */
void gc_add(struct gc *gc, const char *path, int64_t since_wall_ns);
/*
 * At start, after the rows were restored: whatever lies where sandboxes lie and is neither
 * garbage nor known is garbage since its mtime. It takes as long as it takes to list these
 * directories. What cannot be listed is logged and left.
 */
void gc_find_strays(struct gc *gc, bool (*known)(const char *container_id, void *ctx), void *ctx);

/* Embedded in what waits for room (container_of). Zero-initialised: it waits for nothing. */
struct gc_wait {
	struct list node;
	uint64_t bytes, files;
	bool silent;  /* no warning when there is no garbage left: who waits is no launch */
	bool in_vain; /* for fn: there was none left, and something is missing */
	void (*fn)(struct gc_wait *w);
};
/*
 * Calls fn once, as soon as the file system of work_dir has so many bytes and free inodes for those
 * who are not root and `more` says enough, deleting garbage until then, oldest first; or when none
 * is left that can be deleted, with a warning in the log if bytes are missing, unless w is silent:
 * then the launch goes on with what there is. Directly, from within this call, if that is so
 * already; otherwise from the loop, in the order of the calls.
 */
void gc_make_room(struct gc *gc, struct gc_wait *w, uint64_t bytes, uint64_t files,
		  void (*fn)(struct gc_wait *w));
/* What `more` said may be otherwise now. */
void gc_look_again(struct gc *gc);
/* Waits no more; harmless if it does not wait. */
void gc_wait_cancel(struct gc_wait *w);
