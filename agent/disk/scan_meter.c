/* The CPU clock of a thread, and its waits. */
#include "agent/disk/scan_meter.h"

#include <time.h>

#define PAUSE_STEP_NS (5 * NSEC_PER_MSEC)

static int64_t thread_cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * NSEC_PER_SEC + t.tv_nsec;
}

void scan_meter_start(struct scan_meter *m, struct scan_bounds *bounds, struct scan_budget *budget)
{
	int64_t cpu = thread_cpu_ns();

	*m = (struct scan_meter){
		.bounds = bounds, .budget = budget, .charged_ns = cpu, .started_ns = cpu
	};
}

/*
 * Sleeps in steps short enough for a cancellation to be noticed, and for metrics: the whole may
 * take minutes.
 */
static void wait_out(struct scan_meter *m, int64_t wait_ns)
{
	int64_t start = now_ns(), waited = 0;

	while (waited < wait_ns && !scan_bounds_stopped(m->bounds)) {
		struct timespec step = { .tv_nsec = MIN(wait_ns - waited, PAUSE_STEP_NS) };
		int64_t before = waited;

		nanosleep(&step, NULL);
		waited = now_ns() - start;
		scan_budget_waited(m->budget, waited - before);
	}
}

/* For the CPU time since the last payment. Returns how long to stay off the CPU. */
static int64_t charge(struct scan_meter *m)
{
	int64_t cpu = thread_cpu_ns(), used = cpu - m->charged_ns;

	m->uncharged = 0;
	m->charged_ns = cpu;
	return m->budget ? scan_budget_charge(m->budget, used, now_ns()) : 0;
}

void scan_meter_pay(struct scan_meter *m)
{
	int64_t wait;

	scan_bounds_looked(m->bounds, m->uncharged);
	wait = charge(m);
	if (wait > 0)
		wait_out(m, wait);
}

int64_t scan_meter_end(struct scan_meter *m)
{
	charge(m);
	return m->charged_ns - m->started_ns;
}
