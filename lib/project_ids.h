/*
 * Which project ids are whose: those that nobody has are given out, the one that is longest free
 * first. Pure bookkeeping: that an id is free in the filesystem too, its owner has to see. Of one
 * thread at a time.
 */
#pragma once

#include "lib/buf.h"
#include "lib/error.h"

struct project_ids;

enum project_use {
	PROJECT_FREE,
	PROJECT_TAKEN,    /* of a sandbox */
	PROJECT_ORPHANED, /* its sandbox is gone; what was charged to it may not be yet */
	PROJECT_FOREIGN,  /* somebody else's: never given out */
};

struct project_counts {
	uint64_t total, taken, orphaned, foreign, free; /* of the range */
	uint64_t others;                                /* foreign ones, wherever they are */
};

/*
 * range as in --xfs_project_range: "[5000-10000]" or "[1-5, 10-20]", from 1 to 2^32 - 2; it may be
 * changed from start to start. -EINVAL says what is wrong with it.
 */
int project_ids_new(const char *range, struct project_ids **ret, struct error *e);
void project_ids_free(struct project_ids *p);

bool project_ids_in_range(const struct project_ids *p, uint32_t id);
/* Whether it can be given out, and for which sandbox it is taken, NULL if it is not. */
enum project_use project_ids_use(const struct project_ids *p, uint32_t id);
const char *project_ids_sandbox(const struct project_ids *p, uint32_t id);
/* The id that is taken for this sandbox. False: there is none. */
bool project_ids_of(const struct project_ids *p, const char *sandbox, uint32_t *ret);

/*
 * The id that was never used, or else the one that was given back first; it is taken for this
 * sandbox now. 1: there is none.
 */
int project_ids_take(struct project_ids *p, const char *sandbox, uint32_t *ret);
/*
 * An id that is found to be in use, of the range or not, or free, of the range. What it was is
 * forgotten. A sandbox has one id: another that was taken for it is orphaned.
 */
void project_ids_restore(struct project_ids *p, uint32_t id, enum project_use use,
			 const char *sandbox);
/* It is free, after all that are so already. Out of the range it is forgotten. */
void project_ids_give_back(struct project_ids *p, uint32_t id);
/* The sandbox is gone: its id is orphaned. False: it has none. */
bool project_ids_orphan(struct project_ids *p, const char *sandbox, uint32_t *ret);
/* Those of one use (not those that were never used), in an array that the caller frees. */
uint32_t *project_ids_list(const struct project_ids *p, enum project_use use, size_t *ret_count);

struct project_counts project_ids_counts(const struct project_ids *p);
