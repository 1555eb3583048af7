/*
 * The filesystems that have project quotas, and in what they differ. What is done with either of
 * them asks its row, never its name.
 */
#pragma once

#include "lib/base.h"

struct filesystem {
	const char *name;    /* as its mounts have it: "xfs" */
	unsigned long magic; /* f_type of statfs(2) */

	/* what mends it, in words of a shell unless said otherwise */
	const char *mkfs;    /* makes one with project quotas; its device follows */
	const char *root;    /* in words, how that of the system itself is mounted with prjquota */
	const char *enforce; /* switches limits on; its mount point follows */
	const char *config;  /* in words, what a kernel with its quotas is configured with */
	char *(*repair)(const char *device);
	/* Takes the limits of a project away; path is any on the filesystem. */
	char *(*unlimit)(uint32_t project, const char *path);

	bool quota_feature; /* it counts if it was made for that (lib/ext4.h), else if mounted so */
	bool has_default;   /* limits of project 0 are those of every project that has none */
	bool preallocates;  /* charges blocks behind the end of a file that grows */
	bool frees_late;    /* blocks of deleted files are free some tens of milliseconds later */
};

/* NULL: it has none, or is not known. */
const struct filesystem *filesystem_of_magic(unsigned long magic);
const struct filesystem *filesystem_named(const char *name);
