/*
 * The inodes of one filesystem that were met already: a file with several names
 * is counted under the first one, and a directory entered by it. Shared by the threads of one scan.
 */
#pragma once

#include <pthread.h>

#include "lib/base.h"

struct inodes {
	pthread_mutex_t lock;
	uint64_t *slots; /* 0 is a free one */
	size_t n_slots;  /* a power of two, or 0 before the first inode */
	size_t n_used;
	bool has_zero; /* inode 0, which cannot lie in a slot */
};

void inodes_init(struct inodes *s);
void inodes_fini(struct inodes *s);
/* True when ino was not there yet. Any thread may call it at any time. */
bool inodes_add(struct inodes *s, uint64_t ino);
