/*
 * How long one scan may go on and how much it may hold in memory, whatever is done to the tree
 * meanwhile: its owner may make directories in front of the scan for as long as that lasts. And
 * whether it is to go on at all.
 */
#pragma once

#include <stdatomic.h>

#include "lib/base.h"

/* Beyond any tree that is used: so many names take minutes of CPU time, be they of one file. */
#define SCAN_NAMES_MAX (UINT64_C(1) << 27)
/* Some seven million directories, or one in the other more than a million deep. */
#define SCAN_MEMORY_MAX (256 * MIB)

struct scan_bounds {
	uint64_t names_max, memory_max;
	atomic_uint_fast64_t names, memory;
	atomic_bool ended;    /* at names_max */
	atomic_bool left_out; /* something, at memory_max */
	const atomic_bool *cancel;
};

/* cancel may be NULL; 0: SCAN_NAMES_MAX, SCAN_MEMORY_MAX. */
void scan_bounds_init(struct scan_bounds *b, const atomic_bool *cancel, uint64_t names_max,
		      uint64_t memory_max);

/* All of these: any thread may call them at any time. */

/* So many more names were looked at: ends the scan when that is enough. */
void scan_bounds_looked(struct scan_bounds *b, uint64_t names);
bool scan_bounds_cancelled(const struct scan_bounds *b);
/* Cancelled, or ended. */
bool scan_bounds_stopped(const struct scan_bounds *b);
/* Whether so much more may be held; then it is. */
bool scan_bounds_have_room(struct scan_bounds *b, size_t bytes);
/* So much more is held, whether there is room or not: of what is bounded by something else. */
void scan_bounds_hold(struct scan_bounds *b, size_t bytes);
void scan_bounds_release(struct scan_bounds *b, size_t bytes);
/* Not all was seen for its bounds. */
bool scan_bounds_cut(const struct scan_bounds *b);
/* How that is told of "a look", with what it has seen as an unsigned long long. */
#define SCAN_CUT_FORMAT                                                                            \
	"was given up after %llu files and directories, with more to see than any sandbox is to "  \
	"have, or made while it was looked at"
