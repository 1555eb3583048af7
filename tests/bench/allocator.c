/* How long the allocator's decisions take: a full pass, all refused, one changed agent. */
#include <stdio.h>

#include "master/allocator.h"
#include "tests/bench/common.h"

#define ROUNDS 9

struct offers {
	struct allocator_agent **agents;
	struct allocator_framework **frameworks;
	struct allocator_framework **taken_by; /* by agent */
	size_t count;
};

static void note(void *ctx, void *framework, void *agent, const struct resources *r unused)
{
	struct offers *o = ctx;

	o->taken_by[(size_t)agent] = o->frameworks[(size_t)framework];
	o->count++;
}

static void give_back(struct allocator *a, struct offers *o, const struct resources *total,
		      size_t agents, int64_t refuse_ns)
{
	for (size_t i = 0; i < agents; i++)
		if (o->taken_by[i]) {
			allocator_recover(a, o->taken_by[i], o->agents[i], total, refuse_ns, 0);
			o->taken_by[i] = NULL;
		}
}

static double timed_run(struct allocator *a, int64_t now, struct offers *o)
{
	int64_t start = now_ns();

	allocator_run(a, now, note, o);
	return (double)(now_ns() - start) / 1e6;
}

/* ---- the twin: all shares anew and everybody sorted, before each agent ---- */

struct naive {
	double used[3], share;
	unsigned offers;
	size_t age;
};

static const double agent_has[3] = { 16, 64000, 1000000 };

static int compare_naive(const void *a, const void *b)
{
	const struct naive *x = a, *y = b;

	if (x->share != y->share)
		return x->share < y->share ? -1 : 1;
	if (x->offers != y->offers)
		return x->offers < y->offers ? -1 : 1;
	return (x->age > y->age) - (x->age < y->age);
}

static void naive_offer(struct naive *all, size_t frameworks, size_t agents)
{
	for (size_t i = 0; i < frameworks; i++) {
		all[i].share = 0;
		for (int k = 0; k < 3; k++)
			all[i].share =
				MAX(all[i].share, all[i].used[k] / (agent_has[k] * (double)agents));
	}
	qsort(all, frameworks, sizeof(*all), compare_naive);
	for (int k = 0; k < 3; k++)
		all[0].used[k] += agent_has[k];
	all[0].offers++;
}

static int64_t naive_run(size_t agents, size_t frameworks)
{
	autofree struct naive *all = xcalloc(frameworks, sizeof(*all));
	int64_t start = now_ns();

	for (size_t i = 0; i < frameworks; i++)
		all[i].age = i;
	for (size_t i = 0; i < agents; i++)
		naive_offer(all, frameworks, agents);
	return now_ns() - start;
}

static double one_agent_us(struct allocator *a, struct offers *o, const struct resources *total,
			   size_t agents)
{
	int64_t start = now_ns();

	for (size_t i = 0; i < agents; i++) {
		allocator_recover(a, o->taken_by[i], o->agents[i], total, 0, 0);
		allocator_run_agent(a, o->agents[i], 0, note, o);
	}
	return (double)(now_ns() - start) / 1e3 / (double)agents;
}

static void bench(size_t agents, size_t frameworks)
{
	struct allocator *a = allocator_new(1);
	autoresources struct resources total = { 0 };
	struct offers o = {
		.agents = xcalloc(agents, sizeof(void *)),
		.frameworks = xcalloc(frameworks, sizeof(void *)),
		.taken_by = xcalloc(agents, sizeof(void *)),
	};
	double full[ROUNDS], busy[ROUNDS], refused = 0, quiet; /* ms */
	int64_t twin;
	struct error e;

	if (resources_parse("cpus:16;mem:64000;disk:1000000;ports:[31000-32000]", "*", &total, &e))
		abort();
	for (size_t i = 0; i < frameworks; i++)
		o.frameworks[i] = allocator_add_framework(a, "*", (void *)i);
	for (size_t i = 0; i < agents; i++)
		o.agents[i] = allocator_add_agent(a, &total, (void *)i);
	for (int i = 0; i < ROUNDS; i++) {
		full[i] = timed_run(a, 0, &o);
		busy[i] = timed_run(a, 0, &o);
		give_back(a, &o, &total, agents, 0);
	}
	twin = naive_run(agents, frameworks);
	allocator_run(a, 0, note, &o);
	printf("%zu agents, %zu frameworks: full pass %.2f ms (its naive twin %.1f ms, "
	       "ratio %.3f), nothing free %.3f ms, "
	       "one changed agent %.2f us",
	       agents, frameworks, median(full, ROUNDS), (double)twin / 1e6,
	       median(full, ROUNDS) * 1e6 / (double)twin, median(busy, ROUNDS),
	       one_agent_us(a, &o, &total, agents));
	for (size_t i = 0; i < frameworks && frameworks <= 100; i++) {
		give_back(a, &o, &total, agents, 3600 * NSEC_PER_SEC);
		refused = timed_run(a, 0, &o);
	}
	quiet = timed_run(a, 0, &o);
	if (frameworks <= 100)
		printf(", last refusal %.2f ms, all refused %.3f ms", refused, quiet);
	printf(" (%zu offers)\n", o.count);
	allocator_free(a);
	free(o.agents);
	free(o.frameworks);
	free(o.taken_by);
}

int main(int argc, char **argv unused)
{
	puts("# allocator (goals: 10000 x 100 <= 10 ms, <= 0.1 of the twin; a changed agent <= 5 "
	     "us)");
	bench(1000, 100);
	bench(10000, 100);
	if (argc > 1) /* in short */
		return 0;
	bench(10000, 1000);
	bench(50000, 200);
	return 0;
}
