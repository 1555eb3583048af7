/*
 * What is known of one container's disk: its limit, what it was last seen to use, who
 * said so and when. Pure data; the policy decides on it.
 */
#pragma once

#include "lib/buf.h"

enum disk_witness { WITNESS_NONE, WITNESS_SCAN };

struct ledger {
	bool has_limit;
	uint64_t limit_bytes;
	enum disk_witness witness; /* WITNESS_NONE: not measured yet */
	uint64_t used_bytes;
	uint64_t missed;          /* names that the last measurement could not look at */
	int64_t measured_ns;      /* monotonic */
	int64_t measured_wall_ns; /* shown */
	bool over;                /* the last measurement was above the limit */
	bool killed;              /* the policy has ended the container for it */
};

/* "scan"; NULL for WITNESS_NONE. */
const char *witness_name(enum disk_witness witness);
void ledger_set_limit(struct ledger *l, bool has_limit, uint64_t limit_bytes);
/* Books one measurement. */
void ledger_measured(struct ledger *l, enum disk_witness witness, uint64_t used_bytes,
		     uint64_t missed, int64_t now, int64_t wall);
/* Used part of the limit in percent; 0 without a limit or a measurement. */
double ledger_percent(const struct ledger *l);
/* unlimited, unmeasured, ok, near (90 % and more), over, killed. */
const char *ledger_state(const struct ledger *l);
/* "Disk usage (68204KB) exceeds quota (64MB)" */
void ledger_describe_excess(const struct ledger *l, struct buf *out);
