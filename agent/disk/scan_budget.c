/* A token bucket of CPU time, shared by every scan of the agent. */
#include "agent/disk/scan_budget.h"

/* Thirty years: what a tiny rate would take beyond does not fit the type. */
#define MAX_WAIT_NS 1e18

void scan_budget_init(struct scan_budget *b, double cpus, int64_t now)
{
	assert(cpus > 0);
	*b = (struct scan_budget){
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.cpus = cpus,
		.balance_ns = SCAN_BUDGET_BURST_NS,
		.updated_ns = now,
	};
}

/* Two threads may bring their clock readings in the wrong order: time never runs backwards here. */
static void refill(struct scan_budget *b, int64_t now)
{
	double earned;

	if (now <= b->updated_ns)
		return;
	earned = (double)(now - b->updated_ns) * b->cpus;
	if (earned >= (double)(SCAN_BUDGET_BURST_NS - b->balance_ns))
		b->balance_ns = SCAN_BUDGET_BURST_NS;
	else
		b->balance_ns += (int64_t)earned;
	b->updated_ns = now;
}

int64_t scan_budget_charge(struct scan_budget *b, int64_t cpu_ns, int64_t now)
{
	int64_t wait = 0;

	assert(cpu_ns >= 0);
	pthread_mutex_lock(&b->lock);
	refill(b, now);
	b->balance_ns -= cpu_ns;
	if (b->balance_ns < 0)
		wait = (int64_t)MIN((double)-b->balance_ns / b->cpus, MAX_WAIT_NS);
	pthread_mutex_unlock(&b->lock);
	return wait;
}

void scan_budget_waited(struct scan_budget *b, int64_t waited_ns)
{
	pthread_mutex_lock(&b->lock);
	b->throttled_ns += waited_ns;
	pthread_mutex_unlock(&b->lock);
}

int64_t scan_budget_throttled_ns(struct scan_budget *b)
{
	int64_t throttled;

	pthread_mutex_lock(&b->lock);
	throttled = b->throttled_ns;
	pthread_mutex_unlock(&b->lock);
	return throttled;
}
