/* The clock of the disk checks: due times, jobs, and what follows from a measurement. */
#include "agent/disk/checks.h"

#include <sys/stat.h>

#include "agent/disk/scan.h"
#include "lib/log.h"
#include "lib/timer.h"

static void arm(struct disk_watch *w);

/* After the ledger has changed: does what the policy says. */
static void judge(struct disk_watch *w, bool was_over)
{
	struct agent_metrics *m = w->checks->metrics;
	autobuf struct buf why = { 0 };

	if (w->ledger->over && !was_over)
		m->disk_overs++;
	switch (disk_policy(w->ledger, was_over, w->checks->options.kills && !w->last)) {
	case DISK_NOTHING: return;
	case DISK_REPORT:
		ledger_describe_excess(w->ledger, &why);
		log_warning("container %s: over its limit: %s%s", w->name, buf_text(&why),
			    w->last ? ", seen after it had ended" : "");
		return;
	case DISK_KILL:
		ledger_describe_excess(w->ledger, &why);
		w->ops->exceeded(w, buf_text(&why));
	}
}

static void book(struct disk_watch *w)
{
	bool was_over = w->ledger->over;

	w->failing = false;
	w->method->book(w);
	judge(w, was_over);
}

static void fail(struct disk_watch *w)
{
	if (!w->failing)
		log_warning("container %s: its disk cannot be measured: %s", w->name,
			    w->error.text);
	w->failing = true;
}

static void leave(struct disk_watch *w)
{
	w->timer = sd_event_source_disable_unref(w->timer);
	list_remove(&w->node);
	w->checks = NULL;
}

static void settle(struct disk_watch *w)
{
	leave(w);
	w->ops->settled(w);
}

static void run(struct work *job)
{
	struct disk_watch *w = container_of(job, struct disk_watch, job);
	struct stat st;

	w->gone = !fstat(w->dirfd, &st) && !st.st_nlink;
	w->outcome = w->method->measure(w);
}

/* Its tasks go on with what they have open, and can make nothing new. */
static void note_gone(struct disk_watch *w)
{
	if (w->gone && !w->ledger->gone && !w->last)
		log_warning(
			"container %s: its sandbox was deleted by somebody: it can make no file "
			"there any more, and only what it has open still is",
			w->name);
	w->ledger->gone |= w->gone && !w->last;
}

static void done(struct work *job)
{
	struct disk_watch *w = container_of(job, struct disk_watch, job);

	w->running = false;
	note_gone(w);
	if (!w->outcome)
		book(w);
	else if (w->outcome != -ECANCELED)
		fail(w);
	if (w->ops->measured)
		w->ops->measured(w);
	if (w->last_started)
		settle(w);
	else
		arm(w);
}

static int64_t next(struct disk_watch *w, int64_t now)
{
	return w->method->next ? w->method->next(w, now) : now + w->checks->options.interval_ns;
}

static void begin(struct disk_watch *w)
{
	int64_t now = now_ns();

	atomic_store(&w->cancel, false);
	w->running = true;
	w->last_started = w->last;
	w->began_ns = now;
	w->due_ns = next(w, now);
	w->job = (struct work){ .run = run, .done = done };
	if (w->method->begin)
		w->method->begin(w);
	work_submit(w->method->pool(w), &w->job);
}

static int on_due(sd_event_source *source unused, uint64_t usec unused, void *arg)
{
	begin(arg);
	return 0;
}

/* A timer of each, so that what one check costs does not grow with the number of containers. */
static void arm(struct disk_watch *w)
{
	if (!w->running)
		timer_set(w->checks->loop, &w->timer, w->due_ns - now_ns(), on_due, w);
}

static int start(struct disk_checks *c, struct error *e)
{
	if (work_pool_new(c->loop, "scan", DISK_SCAN_THREADS, scan_thread_lower_priority, &c->pool,
			  e) ||
	    work_pool_new(c->loop, "scan-big", DISK_SCAN_BIG_THREADS, scan_thread_lower_priority,
			  &c->big_pool, e) ||
	    work_pool_new(c->loop, "quota", DISK_QUOTA_THREADS, NULL, &c->quota_pool, e))
		return error_wrap(e, "disk checks");
	return 0;
}

int disk_checks_new(sd_event *loop, const struct disk_checks_options *options,
		    struct agent_metrics *metrics, struct disk_checks **ret, struct error *e)
{
	struct disk_checks *c = xcalloc(1, sizeof(*c));

	c->loop = loop;
	c->options = *options;
	c->metrics = metrics;
	list_init(&c->watches);
	scan_budget_init(&c->budget, options->cpus, now_ns());
	if (start(c, e)) {
		disk_checks_free(c);
		return -e->code;
	}
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
	work_pool_free(c->quota_pool);
	list_for_each(w, &c->watches, node)
		leave(w);
	free(c);
}

void disk_watch_start(struct disk_checks *c, struct disk_watch *w)
{
	assert(!w->checks && w->method && w->ops && w->ledger);
	w->checks = c;
	list_append(&c->watches, &w->node);
	if (w->method->next) {
		w->due_ns = next(w, now_ns());
		arm(w);
	} else {
		begin(w);
	}
}

void disk_watch_by(struct disk_watch *w, int64_t ns)
{
	assert(w->checks);
	w->due_ns = MIN(w->due_ns, ns);
	arm(w);
}

void disk_watch_soon(struct disk_watch *w)
{
	disk_watch_by(w, now_ns());
}

void disk_watch_limit(struct disk_watch *w, bool limited, uint64_t limit_bytes)
{
	bool was_over = w->ledger->over;

	assert(w->checks);
	ledger_set_limit(w->ledger, limited, limit_bytes);
	judge(w, was_over);
}

void disk_watch_end(struct disk_watch *w)
{
	assert(w->checks && !w->last);
	w->last = true;
	atomic_store(&w->cancel, true);
	disk_watch_soon(w);
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
