/*
 * The project of a tree: giving it to every file and directory, and seeing whether it is still
 * theirs. The tree belongs to a task, which may change it meanwhile.
 */
#pragma once

#include "agent/disk/scan.h"
#include "lib/quota.h"

/*
 * Gives the tree behind dirfd to a project: its directories first, so that what is made in them later
 * is the project's by birth, then all regular files. Symbolic links and special files keep what they
 * have: no call reaches them before Linux 6.17. Never follows a link, never leaves the mount, and
 * goes over the tree again until a pass has seen all of it and changes nothing. What ten passes do not
 * end with (mount points hide something, a task moves in what is not charged) is left to scans to tell.
 * Blocks. changed: how many were not of the project. -errno of the first file that could not be given; -ECANCELED.
 */
int label_tree(int dirfd, uint32_t project, const atomic_bool *cancel, uint64_t *changed,
	       struct error *e);

/* Counts the directories of a tree that do not belong to a project as they should. */
struct label_check {
	uint32_t project;
	atomic_ullong strayed;
	struct scan_visitor visitor; /* for a scan */
};
void label_check_init(struct label_check *c, uint32_t project);
