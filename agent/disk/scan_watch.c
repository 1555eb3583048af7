/* How a scan is made, and what is booked of it. */
#include "agent/disk/scan_watch.h"

#include "lib/log.h"

static struct scan_watch *scan_watch(const struct disk_watch *w)
{
	return container_of(w, struct scan_watch, watch);
}

static struct work_pool *pool(const struct disk_watch *w)
{
	return scan_watch(w)->result.inodes < DISK_SCAN_BIG_INODES ? w->checks->pool
								   : w->checks->big_pool;
}

static void begin(struct disk_watch *w)
{
	struct scan_watch *s = scan_watch(w);

	label_check_init(&s->labels, w->ledger->project);
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
	};

	return scan_tree(w->dirfd, &options, &s->result, &w->error);
}

/* Nobody may take a directory out of its project; that somebody did is worth a look. */
static void report_strayed(struct scan_watch *s)
{
	uint64_t strayed = atomic_load(&s->labels.strayed);

	if (strayed && !s->watch.ledger->strayed)
		log_warning("container %s: %llu of its directories are not of project %u any more: "
			    "what was written there is not charged to it; they are put back",
			    s->watch.name, (unsigned long long)strayed, s->labels.project);
	s->watch.ledger->strayed = strayed;
}

static void book(struct disk_watch *w)
{
	struct agent_metrics *m = w->checks->metrics;
	struct scan_watch *s = scan_watch(w);
	struct disk_measure measure = {
		.witness = WITNESS_SCAN,
		.bytes = s->result.bytes,
		.inodes = s->result.inodes,
		.missed = s->result.missed,
		.ns = now_ns(),
		.wall_ns = wall_ns(),
	};

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
