/*
 * The project of a tree: giving it to every file and directory, and seeing whether it is still
 * theirs. The tree belongs to a task, which may change it meanwhile.
 */
#pragma once

#include "agent/disk/scan.h"
#include "lib/quota.h"

/*
 * Where a project is at its limit, ext4 gives it nothing more (EDQUOT), be it for an agent without
 * CAP_SYS_RESOURCE. Then room is made for one file or directory at a time, more where a task was
 * faster. 0 or -errno.
 */
struct label_room {
	int (*make)(void *ctx, uint64_t bytes, uint64_t inodes);
	void *ctx;
	bool needed; /* from the first refusal on */
};

/*
 * Gives one file or directory, which is open, to a project; room may be NULL. 1: it was not of that
 * one; 0: nothing was to be done; -errno.
 */
int label_one(int fd, const struct project *want, struct label_room *room);

/*
 * Gives the tree behind dirfd to a project: its directories first, so that what is made in them
 * later is the project's by birth, then all regular files. Symbolic links and special files keep
 * what they have: no call reaches them before Linux 6.17. Never follows a link, never leaves the
 * mount: what lies below a mount point is not seen.
 *
 * Goes over the tree again until one pass has seen all of it and changed nothing, or PASSES_QUIET
 * in a row (label.c) have changed nothing while names came and went. A name that has become a
 * link's, or another kind of file's, makes that count begin anew. After PASSES_MAX, or one that a
 * bound of the scan has cut, it is LABEL_LATER.
 *
 * Blocks; room and cancel may be NULL. changed: how many were not of the project. -errno if the
 * tree cannot be entered; -ECANCELED. LABEL_LATER: not all could be given for now, and e says why:
 * one that refuses keeps none of the others from it, a file on which a task holds a lease is not
 * waited for, and a tree in which files are moved about need not come to an end.
 */
#define LABEL_LATER 1
int label_tree(int dirfd, uint32_t project, struct label_room *room, const atomic_bool *cancel,
	       uint64_t *changed, struct error *e);

/*
 * Counts what of a tree does not belong to a project as it should: all directories are looked at,
 * and of the regular files those that have changed since then, or whose directory has, for giving a
 * file to another project is a change of it (ctime of inode(7)), and bringing one in is a change of
 * the directory. Which project it has, the kernel tells only of a file that is open.
 */
struct label_check {
	uint32_t project;
	int64_t since_ns; /* of the wall clock; 0: all files are looked at */
	atomic_ullong directories, files;
	atomic_ullong unseen;        /* files that could not be opened, as for a lease on them */
	struct scan_visitor visitor; /* for a scan */
};
void label_check_init(struct label_check *c, uint32_t project, int64_t since_ns);
