/*
 * What is known of one container's disk: its limit, what it was last seen to use, who
 * said so and when. Pure data; the policy decides on it.
 */
#pragma once

#include "lib/buf.h"
#include "lib/disk_state.h"
#include "lib/quota.h"

/* The better one is the later. */
enum disk_witness { WITNESS_NONE, WITNESS_SCAN, WITNESS_QUOTA };

struct disk_measure {
	enum disk_witness witness;
	uint64_t bytes, inodes;
	/*
	 * Of the bytes, what is not held against its limit: XFS gave it to files in advance, or a
	 * scan finds it before the quota has been read.
	 */
	uint64_t left_out;
	/*
	 * How much that is was looked for only as far as the limit of that time needed: under a
	 * lower one nothing is held against it until the next measurement.
	 */
	bool left_out_in_part;
	/*
	 * Of a scan's, what had not changed any more when the quota was read before it, and what
	 * was charged then: both 0 if it was not.
	 */
	uint64_t settled, charged;
	uint64_t missed;     /* names that could not be looked at */
	int64_t ns, wall_ns; /* monotonic; shown */
};

#define LEDGER_MARKS_MAX 8

/* What was used at some moments of the last minute, from the earliest on. */
struct disk_past {
	struct {
		uint64_t bytes;
		int64_t ns;
	} marks[LEDGER_MARKS_MAX];
	unsigned count;
};

struct ledger {
	bool has_limit;
	uint64_t limit_bytes;
	/* The last one of the best witness; WITNESS_NONE: not measured yet. */
	struct disk_measure used;
	struct disk_measure scanned; /* where the quota is the witness, what a scan says */
	bool over;                   /* the last measurement was above the limit */
	bool killed;                 /* the policy has ended the container for it */
	/* The kernel refused a write, and there is no reason yet to think that there is room. */
	bool denied;
	int64_t refused_ns; /* when it did that last, */
	struct {
		uint64_t bytes, inodes;
	} refused_at;     /* and the most that was used since */
	bool disputed;    /* a scan finds much more than was charged: something escapes the quota */
	uint64_t strayed; /* what of it the last scan found outside of the project */
	bool gone;        /* somebody has deleted the sandbox */
	/* Of the last minute, or since the last measurement if that is longer. */
	double growth_bytes_per_second;
	bool has_growth;
	struct disk_past past;

	/* of the project quota */
	const char *filesystem; /* NULL: there is none */
	uint32_t project;
	struct quota_limits limits;
	/* The kernel holds to a limit of whole blocks: as many as it takes; 0: to the byte. */
	uint64_t block_bytes;
};

/* "scan", "quota"; NULL for WITNESS_NONE. */
const char *witness_name(enum disk_witness witness);
void ledger_set_limit(struct ledger *l, bool has_limit, uint64_t limit_bytes);
/* Books one measurement. */
void ledger_measured(struct ledger *l, const struct disk_measure *m);
/*
 * The kernel refused a write, be it one that is much larger than what is left. True if it is the
 * first one since there was room.
 */
bool ledger_refused(struct ledger *l, int64_t now);
/* It was given more: what was refused before may be had now. */
void ledger_forget_refusal(struct ledger *l);
/* 90 % and more of its bytes or files. */
bool ledger_near(const struct ledger *l);
/* What it may really use: the limit, in whole blocks where the kernel counts in those. */
uint64_t ledger_allowed(const struct ledger *l);
bool ledger_known(const struct ledger *l);
/* What it uses of its limit. */
uint64_t ledger_counted(const struct ledger *l);
/* Used part of the limit in percent; 0 without a limit or a measurement. */
double ledger_percent(const struct ledger *l);
/* Until it reaches its limit, if it grows on like this; negative: it does not. */
double ledger_full_in_seconds(const struct ledger *l);
/* All but whether its container has ended and whether limits are enforced at all. */
struct disk_facts ledger_facts(const struct ledger *l);
/* "Disk usage (68204KB) exceeds quota (64MB)" */
void ledger_describe_excess(const struct ledger *l, struct buf *out);
