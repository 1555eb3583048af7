/* The witness that needs nothing: a scan of the sandbox, within the budget of CPU that all scans share. */
#pragma once

#include "agent/disk/checks.h"
#include "agent/disk/label.h"

/* A sandbox in which a scan found so many files has its next scan on the threads for big ones. */
#define DISK_SCAN_BIG_INODES 50000

struct scan_watch {
	struct disk_watch watch;
	struct label_check labels;
	struct scan_result result;
};

extern const struct disk_method scan_method;
