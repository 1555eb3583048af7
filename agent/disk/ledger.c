/* Booking measurements and saying what they mean. */
#include "agent/disk/ledger.h"

#include "lib/units.h"

#define NEAR_PERCENT 90

static const char *const witness_names[] = {
	[WITNESS_NONE] = NULL,
	[WITNESS_SCAN] = "scan",
};

const char *witness_name(enum disk_witness witness)
{
	assert(witness < ARRAY_SIZE(witness_names));
	return witness_names[witness];
}

/* A new limit counts at once: the last measurement is judged by it, without waiting for another. */
static void judge(struct ledger *l)
{
	l->over = l->has_limit && l->witness != WITNESS_NONE && l->used_bytes > l->limit_bytes;
}

void ledger_set_limit(struct ledger *l, bool has_limit, uint64_t limit_bytes)
{
	l->has_limit = has_limit;
	l->limit_bytes = has_limit ? limit_bytes : 0;
	judge(l);
}

void ledger_measured(struct ledger *l, enum disk_witness witness, uint64_t used_bytes,
		     uint64_t missed, int64_t now, int64_t wall)
{
	assert(witness != WITNESS_NONE);
	l->witness = witness;
	l->used_bytes = used_bytes;
	l->missed = missed;
	l->measured_ns = now;
	l->measured_wall_ns = wall;
	judge(l);
}

double ledger_percent(const struct ledger *l)
{
	if (!l->has_limit || l->witness == WITNESS_NONE || !l->limit_bytes)
		return 0;
	return 100.0 * (double)l->used_bytes / (double)l->limit_bytes;
}

const char *ledger_state(const struct ledger *l)
{
	if (l->killed)
		return "killed";
	if (!l->has_limit)
		return "unlimited";
	if (l->witness == WITNESS_NONE)
		return "unmeasured";
	if (l->over)
		return "over";
	return ledger_percent(l) >= NEAR_PERCENT ? "near" : "ok";
}

void ledger_describe_excess(const struct ledger *l, struct buf *out)
{
	buf_adds(out, "Disk usage (");
	bytes_print(l->used_bytes, out);
	buf_adds(out, ") exceeds quota (");
	bytes_print(l->limit_bytes, out);
	buf_addc(out, ')');
}
