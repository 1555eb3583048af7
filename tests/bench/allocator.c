/* How long the allocator's decisions take: a full pass, all refused, one changed agent. */
#include <stdio.h>

#include "master/allocator.h"

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

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static double median_ms(int64_t ns[ROUNDS])
{
	const size_t middle = ROUNDS / 2;

	qsort(ns, ROUNDS, sizeof(*ns), compare);
	return (double)ns[middle] / 1e6;
}

static int64_t timed_run(struct allocator *a, int64_t now, struct offers *o)
{
	int64_t start = now_ns();

	allocator_run(a, now, note, o);
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
	int64_t full[ROUNDS], busy[ROUNDS], refused, quiet;
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
	allocator_run(a, 0, note, &o);
	printf("%zu agents, %zu frameworks: full pass %.2f ms, nothing free %.3f ms, "
	       "one changed agent %.2f us",
	       agents, frameworks, median_ms(full), median_ms(busy),
	       one_agent_us(a, &o, &total, agents));
	for (size_t i = 0; i < frameworks && frameworks <= 100; i++) {
		give_back(a, &o, &total, agents, 3600 * NSEC_PER_SEC);
		refused = timed_run(a, 0, &o);
	}
	quiet = timed_run(a, 0, &o);
	if (frameworks <= 100)
		printf(", last refusal %.2f ms, all refused %.3f ms", (double)refused / 1e6,
		       (double)quiet / 1e6);
	printf(" (%zu offers)\n", o.count);
	allocator_free(a);
	free(o.agents);
	free(o.frameworks);
	free(o.taken_by);
}

int main(void)
{
	bench(1000, 100);
	bench(10000, 100);
	bench(10000, 1000);
	bench(50000, 200);
	return 0;
}
