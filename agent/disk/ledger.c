/* Booking measurements and saying what they mean. */
#include "agent/disk/ledger.h"

#include "lib/units.h"

/* Growth is measured over GROWTH_NS, from one mark on; those after it are MARK_NS apart or more. */
#define GROWTH_NS (60 * NSEC_PER_SEC)
#define MARK_NS   (10 * NSEC_PER_SEC)
static_assert(GROWTH_NS / MARK_NS < LEDGER_MARKS_MAX, "one that is old enough would be forgotten");

/* How long a refused write counts that was larger than what was left. */
#define DENIED_NS (60 * NSEC_PER_SEC)
/*
 * What a scan may find beyond what was charged without being told: it takes a while, and names come
 * and go meanwhile.
 */
#define DISPUTE_BYTES   MIB
#define DISPUTE_PERCENT 5

static const char *const witness_names[] = {
	[WITNESS_NONE] = NULL,
	[WITNESS_SCAN] = "scan",
	[WITNESS_QUOTA] = "quota",
};

const char *witness_name(enum disk_witness witness)
{
	assert(witness < ARRAY_SIZE(witness_names));
	return witness_names[witness];
}

bool ledger_known(const struct ledger *l)
{
	return l->used.witness != WITNESS_NONE;
}

uint64_t ledger_counted(const struct ledger *l)
{
	return l->used.bytes - l->used.left_out;
}

uint64_t ledger_allowed(const struct ledger *l)
{
	return quota_round(l->limit_bytes, l->block_bytes);
}

bool ledger_near(const struct ledger *l)
{
	return quota_near(ledger_percent(l), l->used.inodes, l->limits.hard_inodes);
}

static bool has_shrunk(uint64_t from, uint64_t to, uint64_t limit)
{
	return limit && from - MIN(to, from) > limit / 100 * (100 - QUOTA_NEAR_PERCENT);
}

/*
 * Who is not near its limit may have asked for more than is left, and not get it the next time
 * either: that counts for a while, unless it deletes something.
 */
static bool has_room(const struct ledger *l)
{
	return !ledger_near(l) &&
	       (l->used.ns - l->refused_ns >= DENIED_NS ||
		has_shrunk(l->refused_at.bytes, l->used.bytes, l->limit_bytes) ||
		has_shrunk(l->refused_at.inodes, l->used.inodes, l->limits.hard_inodes));
}

/* A new limit counts at once: the last measurement is judged by it, without waiting for another. */
static void judge(struct ledger *l)
{
	l->over = l->has_limit && ledger_known(l) && ledger_counted(l) > ledger_allowed(l);
	if (l->denied && has_room(l))
		l->denied = false;
}

void ledger_forget_refusal(struct ledger *l)
{
	l->refused_ns = -DENIED_NS;
}

void ledger_set_limit(struct ledger *l, bool has_limit, uint64_t limit_bytes)
{
	if (limit_bytes > l->limit_bytes || !has_limit)
		ledger_forget_refusal(l);
	if (l->used.left_out_in_part && (limit_bytes < l->limit_bytes || !l->has_limit))
		l->used.left_out = l->used.bytes;
	l->has_limit = has_limit;
	l->limit_bytes = has_limit ? limit_bytes : 0;
	judge(l);
}

static void forget_first(struct disk_past *p)
{
	memmove(p->marks, p->marks + 1, --p->count * sizeof(*p->marks));
}

static void mark(struct disk_past *p, const struct disk_measure *m)
{
	if (p->count == ARRAY_SIZE(p->marks))
		forget_first(p);
	p->marks[p->count].bytes = m->bytes;
	p->marks[p->count++].ns = m->ns;
}

/* Against the latest that is a minute old, or else the earliest that is known. */
static void note_growth(struct ledger *l, const struct disk_measure *m)
{
	struct disk_past *p = &l->past;
	int64_t ns;

	if (l->used.witness != m->witness)
		p->count = 0;
	else if (p->count && l->used.ns <= m->ns - GROWTH_NS)
		mark(p, &l->used);
	while (p->count > 1 && p->marks[1].ns <= m->ns - GROWTH_NS)
		forget_first(p);
	ns = p->count ? m->ns - p->marks[0].ns : 0;
	l->has_growth = ns > 0;
	if (l->has_growth)
		l->growth_bytes_per_second = ((double)m->bytes - (double)p->marks[0].bytes) /
					     ((double)ns / (double)NSEC_PER_SEC);
	if (!p->count || m->ns - p->marks[p->count - 1].ns >= MARK_NS)
		mark(p, m);
}

/* What a task deletes and makes again meanwhile is no matter. */
static bool disputes(const struct disk_measure *scan)
{
	uint64_t some = DISPUTE_BYTES + scan->charged / 100 * DISPUTE_PERCENT;

	return scan->settled > scan->charged + some;
}

void ledger_measured(struct ledger *l, const struct disk_measure *m)
{
	assert(m->witness != WITNESS_NONE);
	if (m->witness < l->used.witness) {
		l->scanned = *m;
		return;
	}
	if (m->witness == WITNESS_QUOTA && l->used.witness == WITNESS_SCAN)
		l->scanned = l->used;
	if (l->scanned.ns > l->used.ns)
		l->disputed = disputes(&l->scanned);
	note_growth(l, m);
	l->used = *m;
	l->refused_at.bytes = MAX(l->refused_at.bytes, m->bytes);
	l->refused_at.inodes = MAX(l->refused_at.inodes, m->inodes);
	judge(l);
}

bool ledger_refused(struct ledger *l, int64_t now)
{
	bool first = !l->denied;

	l->denied = true;
	l->refused_ns = now;
	l->refused_at.bytes = l->refused_at.inodes = 0; /* what was measured before may be old */
	return first;
}

double ledger_percent(const struct ledger *l)
{
	if (!l->has_limit || !ledger_known(l) || !l->limit_bytes)
		return 0;
	return 100.0 * (double)l->used.bytes / (double)ledger_allowed(l);
}

double ledger_full_in_seconds(const struct ledger *l)
{
	if (!l->has_limit || !l->has_growth || l->growth_bytes_per_second <= 0 ||
	    l->used.bytes >= ledger_allowed(l))
		return -1;
	return (double)(ledger_allowed(l) - l->used.bytes) / l->growth_bytes_per_second;
}

struct disk_facts ledger_facts(const struct ledger *l)
{
	return (struct disk_facts){
		.killed = l->killed,
		.gone = l->gone,
		.limited = l->has_limit,
		.measured = ledger_known(l),
		.over = l->over,
		.denied = l->denied,
		.near = ledger_near(l),
	};
}

void ledger_describe_excess(const struct ledger *l, struct buf *out)
{
	buf_adds(out, "Disk usage (");
	bytes_print(l->used.bytes, out);
	buf_adds(out, ") exceeds quota (");
	bytes_print(l->limit_bytes, out);
	buf_addc(out, ')');
}
