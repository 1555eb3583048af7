/* The clock of the disk scans: due times, jobs, and what follows from a measurement. */
#include "agent/disk/checks.h"

#include "lib/log.h"

struct disk_checks {
	sd_event *loop;
	sd_event_source *timer;
	struct work_pool *pool, *big_pool;
	struct disk_checks_options options;
	struct scan_budget budget;
	struct agent_metrics *metrics;
	struct list watches;
};

static void arm(struct disk_checks *c);

static void run_scan(struct work *job)
{
	struct disk_watch *w = container_of(job, struct disk_watch, job);
	double cpus = w->checks->options.cpus;
	struct scan_options options = {
		/* A second thread only helps where the budget feeds it. */
		.threads = cpus > 1 ? 2 : 1,
		.cancel = &w->cancel,
		.budget = &w->checks->budget,
	};

	w->outcome = scan_tree(w->dirfd, &options, &w->result, &w->error);
}

static void report(struct disk_watch *w, bool was_over)
{
	autobuf struct buf why = { 0 };

	switch (disk_policy(&w->ledger, was_over, w->checks->options.enforce && !w->last)) {
	case DISK_NOTHING: return;
	case DISK_REPORT:
		ledger_describe_excess(&w->ledger, &why);
		log_warning("container %s: over its limit: %s%s", w->name, buf_text(&why),
			    w->last ? ", seen after it had ended" : "");
		return;
	case DISK_KILL:
		ledger_describe_excess(&w->ledger, &why);
		w->ledger.killed = true;
		w->checks->metrics->disk_kills++;
		w->ops->exceeded(w, buf_text(&why));
	}
}

static void book(struct disk_watch *w)
{
	struct agent_metrics *m = w->checks->metrics;
	bool was_over = w->ledger.over;

	ledger_measured(&w->ledger, WITNESS_SCAN, w->result.bytes, w->result.missed, now_ns(),
			wall_ns());
	m->disk_scans++;
	m->disk_scan_inodes += (double)w->result.inodes;
	m->disk_scan_missed += (double)w->result.missed;
	m->disk_scan_cpu += (double)w->result.cpu_ns / 1e9;
	if (w->ledger.over && !was_over)
		m->disk_overs++;
	report(w, was_over);
}

static void settle(struct disk_watch *w)
{
	struct disk_checks *c = w->checks;

	list_remove(&w->node);
	w->checks = NULL;
	w->ops->settled(w);
	arm(c);
}

static void scan_done(struct work *job)
{
	struct disk_watch *w = container_of(job, struct disk_watch, job);
	w->scanning = false;
	if (!w->outcome)
		book(w);
	else if (w->outcome != -ECANCELED)
		log_warning("container %s: disk scan: %s", w->name, w->error.text);
	if (w->last_started)
		settle(w);
	else
		arm(w->checks);
}

static void start_scan(struct disk_watch *w, int64_t now)
{
	atomic_store(&w->cancel, false);
	w->scanning = true;
	w->last_started = w->last;
	w->due_ns = now + w->checks->options.interval_ns;
	w->job = (struct work){ .run = run_scan, .done = scan_done };
	work_submit(w->result.inodes < DISK_SCAN_BIG_INODES ? w->checks->pool : w->checks->big_pool,
		    &w->job);
}

static int on_timer(sd_event_source *source unused, uint64_t usec unused, void *arg)
{
	struct disk_checks *c = arg;
	int64_t now = now_ns();
	struct disk_watch *w;

	list_for_each(w, &c->watches, node)
		if (!w->scanning && w->due_ns <= now)
			start_scan(w, now);
	arm(c);
	return 0;
}

/* The timer stands at the earliest due time of those that are not being scanned. */
static void arm(struct disk_checks *c)
{
	int64_t due = INT64_MAX;
	struct disk_watch *w;

	list_for_each(w, &c->watches, node)
		if (!w->scanning)
			due = MIN(due, w->due_ns);
	if (due == INT64_MAX) {
		sd_event_source_set_enabled(c->timer, SD_EVENT_OFF);
		return;
	}
	sd_event_source_set_time(c->timer, (uint64_t)(due / NSEC_PER_USEC));
	sd_event_source_set_enabled(c->timer, SD_EVENT_ONESHOT);
}

int disk_checks_new(sd_event *loop, const struct disk_checks_options *options,
		    struct agent_metrics *metrics, struct disk_checks **ret, struct error *e)
{
	struct disk_checks *c = xcalloc(1, sizeof(*c));
	int r;

	c->loop = loop;
	c->options = *options;
	c->metrics = metrics;
	list_init(&c->watches);
	scan_budget_init(&c->budget, options->cpus, now_ns());
	r = work_pool_new(loop, DISK_SCAN_THREADS, scan_thread_lower_priority, &c->pool, e);
	if (!r)
		r = work_pool_new(loop, DISK_SCAN_BIG_THREADS, scan_thread_lower_priority,
				  &c->big_pool, e);
	if (!r)
		r = sd_event_add_time(loop, &c->timer, CLOCK_MONOTONIC, 0, 1, on_timer, c);
	if (r < 0) {
		disk_checks_free(c);
		return error_set(e, -r, "disk checks: cannot start: %s", strerror(-r));
	}
	sd_event_source_set_enabled(c->timer, SD_EVENT_OFF);
	*ret = c;
	return 0;
}

void disk_checks_free(struct disk_checks *c)
{
	struct disk_watch *w;

	if (!c)
		return;
	list_for_each(w, &c->watches, node)
		atomic_store(&w->cancel, true);
	work_pool_free(c->pool);
	work_pool_free(c->big_pool);
	list_for_each(w, &c->watches, node) {
		list_remove(&w->node);
		w->checks = NULL;
	}
	sd_event_source_disable_unref(c->timer);
	free(c);
}

void disk_watch_start(struct disk_checks *c, struct disk_watch *w, const struct disk_watch_ops *ops,
		      const char *name, int dirfd)
{
	assert(!w->checks);
	w->checks = c;
	w->ops = ops;
	w->name = name;
	w->dirfd = dirfd;
	list_append(&c->watches, &w->node);
	start_scan(w, now_ns());
	arm(c);
}

void disk_watch_limit(struct disk_watch *w, int64_t disk_milli)
{
	bool was_over = w->ledger.over;
	uint64_t limit;
	bool limited;

	assert(w->checks);
	limited = disk_limit(disk_milli, w->checks->options.default_limit_bytes, &limit);
	ledger_set_limit(&w->ledger, limited, limit);
	report(w, was_over);
}

void disk_watch_end(struct disk_watch *w)
{
	assert(w->checks && !w->last);
	w->last = true;
	w->due_ns = now_ns();
	atomic_store(&w->cancel, true);
	arm(w->checks);
}

double disk_checks_lag(const struct disk_checks *c, int64_t now)
{
	int64_t lag = 0;
	struct disk_watch *w;

	list_for_each(w, &c->watches, node)
		lag = MAX(lag, now - w->due_ns);
	return (double)lag / 1e9;
}

double disk_checks_throttled(struct disk_checks *c)
{
	return (double)scan_budget_throttled_ns(&c->budget) / 1e9;
}

bool disk_checks_enforce(const struct disk_checks *c)
{
	return c->options.enforce;
}
