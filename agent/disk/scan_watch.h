/*
 * The witness that needs nothing: a scan of the sandbox, within the budget of CPU that all scans
 * share. Where the quota is the witness, scans look for what escapes it.
 */
#pragma once

#include "agent/disk/checks.h"
#include "agent/disk/label.h"

/* A sandbox in which a scan found so many files has its next scan on the threads for big ones. */
#define DISK_SCAN_BIG_INODES 50000
/* After so many names a scan is given up on those for small ones, to begin anew there. */
#define DISK_SCAN_SMALL_NAMES (20 * DISK_SCAN_BIG_INODES)

struct scan_time {
	int64_t wall_ns, ns; /* one that may be set, as files' times are; one that may not */
};

struct scan_watch {
	struct disk_watch watch;
	struct label_check labels;
	struct scan_result result;
	/* The quota's last one when the scan began; WITNESS_NONE: there was none. */
	struct disk_measure charged;
	/* Which judges, as soon as it has been read: a scan is held against no limit. */
	bool beside_quota;
	bool begun;      /* it has had its first turn */
	bool big;        /* the scan that runs, or was the last, is on the threads for big ones */
	bool unfinished; /* the last one was given up where it must be short */
	bool cut_told;   /* that a bound has cut the last one */
	/*
	 * When the look began that is under way, and the last one that found all files in the
	 * project.
	 */
	struct scan_time began, looked;
};

/*
 * Where nothing else scans a sandbox, that is done at each interval, and seldomer where there are
 * many: each of these walks moves the turns behind its own by so many times the CPU time that it
 * cost before. Together they take a twentieth of a CPU at most. But one that takes seconds moves
 * others by so much only, and has a twentieth for itself.
 */
#define DISK_VERIFY_PAUSE_FACTOR 20
#define DISK_VERIFY_PAUSE_MAX_NS (60 * NSEC_PER_SEC)

extern const struct disk_method scan_method;
/*
 * For a sandbox with a quota and no other scans: whether all of it is of its project, and charged.
 */
extern const struct disk_method verify_method;
