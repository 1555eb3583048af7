/* How a scan is made, and what is booked of it. */
#include "agent/disk/scan_watch.h"

#include "lib/log.h"
#include "lib/timer.h"

/*
 * How much too early a change of a file may be noted: half of it for the kernel's clock, which is
 * behind by up to a tick there, half for one that was set back by no more than that.
 */
#define CLOCK_TOLERANCE_NS NSEC_PER_SEC

static struct scan_watch *scan_watch(const struct disk_watch *w)
{
	return container_of(w, struct scan_watch, watch);
}

static struct work_pool *pool(const struct disk_watch *w)
{
	return scan_watch(w)->big ? w->checks->big_pool : w->checks->pool;
}

static struct scan_time scan_now(void)
{
	return (struct scan_time){ .wall_ns = wall_ns(), .ns = now_ns() };
}

/*
 * Files that have not changed since then were looked at; all are, if the clock was set back
 * meanwhile by more than its half of the tolerance.
 */
static int64_t files_since(const struct scan_watch *s)
{
	int64_t elapsed = s->began.ns - s->looked.ns;
	int64_t by_wall = s->began.wall_ns - s->looked.wall_ns;

	return by_wall >= elapsed - CLOCK_TOLERANCE_NS / 2 ? s->looked.wall_ns - CLOCK_TOLERANCE_NS
							   : 0;
}

static void begin(struct disk_watch *w)
{
	struct scan_watch *s = scan_watch(w);

	if (s->labels.project != w->ledger->project)
		s->looked = (struct scan_time){ 0 }; /* that was for another one */
	s->began = scan_now();
	s->charged = w->ledger->used.witness == WITNESS_QUOTA ? w->ledger->used
							      : (struct disk_measure){ 0 };
	s->big = s->unfinished || s->result.inodes >= DISK_SCAN_BIG_INODES;
	label_check_init(&s->labels, w->ledger->project, files_since(s));
}

/* The last look has to see all, and no task makes that longer any more. */
static bool is_short(const struct scan_watch *s)
{
	return !s->big && !s->watch.last_started;
}

static int measure(struct disk_watch *w)
{
	struct scan_watch *s = scan_watch(w);
	double cpus = w->checks->options.cpus;
	struct scan_options options = {
		/* A second thread only helps where the budget feeds it. */
		.threads = cpus > 1 ? 2 : 1,
		.cancel = &w->cancel,
		.budget = &w->checks->budget,
		.visitor = s->labels.project == PROJECT_NONE ? NULL : &s->labels.visitor,
		.names_max = is_short(s) ? DISK_SCAN_SMALL_NAMES : 0,
		.settled_ns = s->charged.wall_ns - CLOCK_TOLERANCE_NS,
	};

	return scan_tree(w->dirfd, &options, &s->result, &w->error);
}

/* Nobody may take any of it out of its project; that somebody did is worth a look. */
static void report_strayed(struct scan_watch *s)
{
	uint64_t directories = atomic_load(&s->labels.directories);
	uint64_t files = atomic_load(&s->labels.files);
	uint64_t strayed = directories + files;

	if (strayed && !s->watch.ledger->strayed)
		log_warning("container %s: %llu of its directories and %llu of its files are not "
			    "of project %u any more: what is written there is not charged to it; "
			    "they are put back",
			    s->watch.name, (unsigned long long)directories,
			    (unsigned long long)files, s->labels.project);
	s->watch.ledger->strayed = strayed;
	if (!files && !atomic_load(&s->labels.unseen) && !s->result.cut)
		s->looked = s->began;
}

/* Once, until a look has seen all again. */
static void tell_cut(struct scan_watch *s)
{
	if (s->result.cut && !s->cut_told)
		log_warning(
			"container %s: a look at its sandbox " SCAN_CUT_FORMAT "; it uses at least "
			"the %llu bytes that were counted: delete what is not needed, or end its "
			"tasks",
			s->watch.name, (unsigned long long)s->result.inodes,
			(unsigned long long)s->result.bytes);
	s->cut_told = s->result.cut;
}

static void book(struct disk_watch *w)
{
	struct agent_metrics *m = w->checks->metrics;
	struct scan_watch *s = scan_watch(w);
	struct disk_measure measure = {
		.witness = WITNESS_SCAN,
		.bytes = s->result.bytes,
		.left_out = s->beside_quota ? s->result.bytes : 0,
		.settled = s->result.settled,
		.charged = s->charged.bytes,
		.inodes = s->result.inodes,
		.missed = s->result.missed,
		.ns = now_ns(),
		.wall_ns = wall_ns(),
	};

	s->unfinished = s->result.cut && is_short(s);
	if (s->unfinished) {
		disk_watch_soon(w);
		return;
	}
	tell_cut(s);
	ledger_measured(w->ledger, &measure);
	if (s->labels.project != PROJECT_NONE)
		report_strayed(s);
	m->disk_scans++;
	m->disk_scan_inodes += (double)s->result.inodes;
	m->disk_scan_missed += (double)s->result.missed;
	m->disk_scan_cpu += (double)s->result.cpu_ns / 1e9;
}

const struct disk_method scan_method = {
	.pool = pool,
	.begin = begin,
	.measure = measure,
	.book = book,
};

/* ---- beside a quota ---- */

/*
 * Each begins by taking the turn for its next one, behind those of all others, and moves the turns
 * after it by what it costs: so they are spread over the time, and no thread is kept waiting. What
 * it costs more than others can be made to wait for, it waits for itself.
 */
static int64_t verify_next(struct disk_watch *w, int64_t now)
{
	struct disk_checks *c = w->checks;
	int64_t pause = c->options.interval_ns;
	int64_t rest = DISK_VERIFY_PAUSE_FACTOR * scan_watch(w)->result.cpu_ns;
	int64_t turn = now + (scan_watch(w)->begun ? pause : timer_jitter(pause));

	turn = MAX(turn, c->verify_slot_ns);
	c->verify_slot_ns = turn + MIN(rest, DISK_VERIFY_PAUSE_MAX_NS);
	scan_watch(w)->begun = true;
	return rest > DISK_VERIFY_PAUSE_MAX_NS ? MAX(turn, now + rest) : turn;
}

/* Who has ended is not kept waiting for the walks of others. */
static struct work_pool *verify_pool(const struct disk_watch *w)
{
	return w->last_started ? w->checks->quota_pool : pool(w);
}

/*
 * Before the quota has spoken there is nothing to compare with; after the end nothing escapes any
 * more.
 */
static int verify(struct disk_watch *w)
{
	if (w->last_started || scan_watch(w)->labels.project == PROJECT_NONE)
		return -ECANCELED;
	return measure(w);
}

const struct disk_method verify_method = {
	.next = verify_next,
	.pool = verify_pool,
	.begin = begin,
	.measure = verify,
	.book = book,
};
