/*
 * What a tree occupies on disk, found by looking at every file of it: the
 * witness that needs nothing from the filesystem. Equal to the byte to
 * `du -s --block-size=1 -x` on a tree that stands still.
 */
#pragma once

#include <stdatomic.h>

#include "agent/disk/scan_bounds.h"
#include "agent/disk/scan_budget.h"
#include "lib/error.h"

struct statx;

struct scan_result {
	uint64_t bytes;       /* allocated, in units of STAT_BLOCK_BYTES */
	uint64_t settled;     /* of these, by what has not changed since settled_ns */
	uint64_t inodes;      /* each once, directories included */
	uint64_t directories; /* of these inodes */
	/*
	 * Names that could not be followed: gone since they were listed, or
	 * unreadable, or out of reach because a directory was moved meanwhile.
	 * Of an unreadable directory the figures have itself, not what it holds.
	 */
	uint64_t missed;
	/*
	 * Names that were of something of another kind when they were looked at than when they were
	 * listed, or of a directory that the scan was in before: what they were of before may be
	 * under another name by now, and in none of the figures.
	 */
	uint64_t replaced;
	bool cut;       /* at a bound: missed counts what waited there, not what is in that */
	int64_t cpu_ns; /* CPU time of all threads of this scan */
};

/*
 * Who else looks at what the scan comes by, on whichever thread that is. A directory is shown
 * before it is listed; everything else by its name, which may be another file's by now, and with
 * what its directory was before that was listed.
 */
struct scan_visitor {
	void (*directory)(void *ctx, int fd); /* may be NULL */
	void (*file)(void *ctx, int dirfd, const struct statx *dir, const char *name,
		     const struct statx *st); /* may be NULL */
	void *ctx;
};

struct scan_options {
	unsigned threads; /* at most, the caller's included; 0 is 1 */
	bool one_mount;   /* what is mounted there, be it of this filesystem, is left out */
	const atomic_bool *cancel;          /* noticed between two files; NULL: never cancelled */
	struct scan_budget *budget;         /* NULL: as fast as it goes */
	const struct scan_visitor *visitor; /* NULL: nobody */
	uint64_t names_max, memory_max;     /* 0: SCAN_NAMES_MAX, SCAN_MEMORY_MAX */
	int64_t settled_ns;                 /* since 1970 */
};

/* When an inode was changed last. */
int64_t scan_changed_ns(const struct statx *st);

/*
 * Adds up the tree whose root dirfd is (an O_PATH descriptor will do; it stays
 * the caller's). A file with several names counts once, a sparse file by its
 * blocks, a symbolic link by its own and is never followed. Whatever lies on
 * another filesystem is left out, its mount point included. Only directories
 * are opened, one name at a time and never by a path, so neither depth nor
 * renames lead out of the tree; a bounded number of them is open at once, and
 * none is entered twice.
 *
 * Blocks for as long as it takes: it belongs on a worker. Further threads start
 * only once the tree has proven big, and inherit the caller's priority.
 *
 * It ends whatever its owner does to the tree meanwhile. At names_max it stops; what it would need
 * more than memory_max for, it leaves out.
 *
 * Returns 0 whatever changed underneath (see missed); -ECANCELED with ret
 * untouched when cancelled; otherwise the root itself could not be opened.
 */
int scan_tree(int dirfd, const struct scan_options *options, struct scan_result *ret,
	      struct error *e);

/*
 * Puts the calling thread, and no other, behind the tasks of this node: nice 10, if it
 * is not behind that already, and idle I/O priority. Idle CPU priority would never get
 * its turn beside busy tasks. setpriority(2) and ioprio_set(2); a refusal is harmless
 * and ignored.
 */
void scan_thread_lower_priority(void);
