/*
 * What one thread of a scan pays: to its bounds the names that it has looked at, to the budget of
 * all scans its CPU time, whose debt it waits out.
 */
#pragma once

#include "agent/disk/scan_bounds.h"
#include "agent/disk/scan_budget.h"

#define SCAN_NAMES_PER_CHARGE 256

struct scan_meter {
	struct scan_bounds *bounds;
	struct scan_budget *budget; /* NULL: as fast as it goes */
	unsigned uncharged;         /* names since the last payment */
	int64_t charged_ns;         /* this thread's CPU clock at that moment */
	int64_t started_ns;         /* and at its start */
};

/* The calling thread's from here on. */
void scan_meter_start(struct scan_meter *m, struct scan_bounds *bounds, struct scan_budget *budget);
/* Pays, and waits until the budget allows more or the scan is to stop. */
void scan_meter_pay(struct scan_meter *m);
/* One more name. */
static inline void scan_meter_name(struct scan_meter *m)
{
	if (++m->uncharged == SCAN_NAMES_PER_CHARGE)
		scan_meter_pay(m);
}
/* Pays for the rest; the CPU time since the start. */
int64_t scan_meter_end(struct scan_meter *m);
