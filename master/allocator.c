/*
 * The allocator: agents and their books, and passes that offer what is free to the
 * order that master/drf.c keeps, less what master/refusals.c knows. An agent that
 * nobody wants is not looked at again before something changes.
 */
#include "master/allocator.h"

#include "master/drf.h"
#include "master/refusals.h"

#define MIN_CPUS_MILLI 10
#define MIN_MEM_MILLI  (INT64_C(32) * SCALAR_UNIT)

struct allocator_agent {
	void *owner;
	size_t index;          /* in allocator.agents */
	bool active, reserved; /* reserved: part of its total is */
	struct resources total, allocated, available;
	struct refusals refusals;
	/* Nobody may have what is available: known for this generation, until then. */
	uint64_t idle_generation;
	int64_t idle_until;
};

struct allocator {
	uint64_t random;
	uint64_t generation; /* counts what may find takers for what had none */
	bool running;
	struct drf drf;
	struct allocator_agent **agents;
	size_t agents_count;
};

/* ---- roles and frameworks ---- */

void allocator_set_weight(struct allocator *a, const char *role, double weight)
{
	assert(!a->running && weight > 0);
	drf_role(&a->drf, role)->weight = weight;
	a->drf.stale = true;
}

static void clear_filters(struct allocator *a, struct allocator_framework *fw)
{
	if (!fw->has_filters)
		return;
	fw->has_filters = false;
	for (size_t i = 0; i < a->agents_count; i++)
		refusals_forget(&a->agents[i]->refusals, fw->slot);
}

static void set_wish(struct allocator *a, struct allocator_framework *fw, bool active,
		     bool suppressed)
{
	assert(!a->running);
	if (drf_set_wish(&a->drf, fw, active, suppressed))
		a->generation++;
}

struct allocator_framework *allocator_add_framework(struct allocator *a, const char *role,
						    void *owner)
{
	struct allocator_framework *fw = drf_add(&a->drf, role, owner);

	set_wish(a, fw, true, false);
	return fw;
}

void allocator_remove_framework(struct allocator *a, struct allocator_framework *fw)
{
	set_wish(a, fw, false, false);
	clear_filters(a, fw);
	drf_remove(&a->drf, fw);
}

void allocator_activate_framework(struct allocator *a, struct allocator_framework *fw)
{
	set_wish(a, fw, true, fw->suppressed);
}

void allocator_deactivate_framework(struct allocator *a, struct allocator_framework *fw)
{
	set_wish(a, fw, false, fw->suppressed);
	clear_filters(a, fw);
}

void allocator_suppress(struct allocator *a, struct allocator_framework *fw)
{
	set_wish(a, fw, fw->active, true);
}

void allocator_revive(struct allocator *a, struct allocator_framework *fw)
{
	set_wish(a, fw, fw->active, false);
	clear_filters(a, fw);
}

/* ---- agents ---- */

static void agent_changed(struct allocator_agent *agent)
{
	agent->idle_until = INT64_MIN;
}

/* What of the total is not allocated; more than the total may be, after it shrank. */
static void find_available(struct allocator_agent *agent)
{
	autoresources struct resources taken = { 0 };
	struct resources rest;

	resources_intersect(&agent->total, &agent->allocated, &taken);
	resources_copy(&rest, &agent->total);
	resources_subtract(&rest, &taken);
	resources_move(&agent->available, &rest);
	agent_changed(agent);
}

static void set_total(struct allocator *a, struct allocator_agent *agent,
		      const struct resources *total)
{
	struct resources copy;

	resources_copy(&copy, total);
	resources_move(&agent->total, &copy);
	agent->reserved = false;
	for (size_t i = 0; i < total->count; i++)
		agent->reserved |= !item_unreserved(&total->items[i]);
	drf_count_total(&a->drf, &agent->total, 1);
	find_available(agent);
}

struct allocator_agent *allocator_add_agent(struct allocator *a, const struct resources *total,
					    void *owner)
{
	struct allocator_agent *agent = xcalloc(1, sizeof(*agent));

	assert(!a->running);
	agent->owner = owner;
	agent->active = true;
	agent->index = a->agents_count;
	a->agents = xreallocarray(a->agents, a->agents_count + 1, sizeof(struct allocator_agent *));
	a->agents[a->agents_count++] = agent;
	set_total(a, agent, total);
	return agent;
}

static void agent_free(struct allocator_agent *agent)
{
	refusals_fini(&agent->refusals);
	resources_fini(&agent->total);
	resources_fini(&agent->allocated);
	resources_fini(&agent->available);
	free(agent);
}

static void swap_agents(struct allocator *a, size_t i, size_t j)
{
	struct allocator_agent *x = a->agents[i], *y = a->agents[j];

	a->agents[i] = y;
	y->index = i;
	a->agents[j] = x;
	x->index = j;
}

void allocator_remove_agent(struct allocator *a, struct allocator_agent *agent)
{
	assert(!a->running);
	assert(resources_empty(&agent->allocated));
	assert(a->agents[agent->index] == agent);
	swap_agents(a, agent->index, a->agents_count - 1);
	a->agents_count--;
	drf_count_total(&a->drf, &agent->total, -1);
	agent_free(agent);
}

void allocator_activate_agent(struct allocator *a, struct allocator_agent *agent)
{
	assert(!a->running);
	agent->active = true;
	agent_changed(agent);
}

void allocator_deactivate_agent(struct allocator *a, struct allocator_agent *agent)
{
	assert(!a->running);
	agent->active = false;
}

void allocator_update_total(struct allocator *a, struct allocator_agent *agent,
			    const struct resources *total)
{
	assert(!a->running);
	refusals_total_changed(&agent->refusals);
	drf_count_total(&a->drf, &agent->total, -1);
	set_total(a, agent, total);
}

const struct resources *allocator_available(const struct allocator_agent *agent)
{
	return &agent->available;
}

/* ---- the books ---- */

void allocator_allocated(struct allocator *a, struct allocator_framework *fw,
			 struct allocator_agent *agent, const struct resources *r)
{
	assert(!a->running);
	drf_charge(&a->drf, fw, r, 1, false);
	resources_add(&agent->allocated, r);
	find_available(agent);
}

void allocator_recover(struct allocator *a, struct allocator_framework *fw,
		       struct allocator_agent *agent, const struct resources *r, int64_t refuse_ns,
		       int64_t now_ns)
{
	int64_t until;

	assert(!a->running && now_ns >= 0);
	if (fw)
		drf_charge(&a->drf, fw, r, -1, false);
	resources_subtract(&agent->allocated, r);
	find_available(agent);
	if (!fw || !fw->active || !refuse_ns || resources_empty(r))
		return;
	if (refuse_ns < 0)
		refuse_ns = ALLOCATOR_REFUSE_DEFAULT_NS;
	if (__builtin_add_overflow(now_ns, refuse_ns, &until))
		until = INT64_MAX;
	fw->has_filters = true;
	refusals_add(&agent->refusals, fw->slot, r, &agent->total, until);
}

/* ---- offers ---- */

/* Part of what is available that a framework of this role may have. */
static void for_role(const struct resources *available, const char *role, struct resources *ret)
{
	resources_filter_role(available, "*", ret);
	if (strcmp(role, "*") != 0) {
		autoresources struct resources own = { 0 };

		resources_filter_role(available, role, &own);
		resources_add(ret, &own);
	}
}

static bool worth_an_offer(const struct resources *r)
{
	return resources_scalar(r, "cpus") >= MIN_CPUS_MILLI ||
	       resources_scalar(r, "mem") >= MIN_MEM_MILLI;
}

/* The first framework of a role that did not refuse r, or NULL. */
static struct allocator_framework *find_taker(struct allocator_agent *agent, struct role *role,
					      const struct resources *r, int64_t now,
					      int64_t *idle_until)
{
	for (size_t i = 0; i < role->sorted_count; i++)
		if (!refusals_match(&agent->refusals, role->sorted[i]->slot, r, now, idle_until))
			return role->sorted[i];
	return NULL;
}

static void add_or_move(struct resources *dst, struct resources *src)
{
	if (resources_empty(dst))
		resources_move(dst, src);
	else
		resources_add(dst, src);
}

/* What a run carries along. */
struct run {
	struct allocator *a;
	int64_t now;
	allocator_offer_fn *offer;
	void *ctx;
};

/* Books and makes one offer: all that is available on the agent, or a part of it. */
static void give(const struct run *run, struct allocator_agent *agent,
		 struct allocator_framework *fw, struct resources *part)
{
	drf_charge(&run->a->drf, fw, part, 1, true);
	run->offer(run->ctx, fw->owner, agent->owner, part);
	if (part != &agent->available)
		resources_subtract(&agent->available, part);
	add_or_move(&agent->allocated, part);
	if (part == &agent->available)
		resources_fini(part);
}

/* Offers to the best framework of a role what the role may have. True if it took it. */
static bool offer_to_role(const struct run *run, struct allocator_agent *agent, struct role *role,
			  int64_t *idle_until)
{
	autoresources struct resources own = { 0 };
	struct resources *part = &agent->available;
	struct allocator_framework *fw;

	if (!role->sorted_count)
		return false;
	if (agent->reserved) {
		for_role(&agent->available, role->name, &own);
		part = &own;
	}
	if (!worth_an_offer(part))
		return false;
	fw = find_taker(agent, role, part, run->now, idle_until);
	if (fw)
		give(run, agent, fw, part);
	return fw != NULL;
}

/*
 * Offers what is available on an agent until nobody may have more. An offer changes
 * the order of the roles, so the search starts again: those that were served or
 * refused before find nothing worth an offer, or their filter, once more.
 */
static void offer_agent(const struct run *run, struct allocator_agent *agent)
{
	struct allocator *a = run->a;
	int64_t idle_until;
	bool offered;

	if (!agent->active || resources_empty(&agent->available))
		return;
	if (agent->idle_generation == a->generation && run->now < agent->idle_until)
		return;
	do {
		idle_until = INT64_MAX;
		offered = false;
		for (size_t i = 0; i < a->drf.roles_count && !offered; i++)
			offered = offer_to_role(run, agent, a->drf.roles[i], &idle_until);
	} while (offered && !resources_empty(&agent->available));
	agent->idle_generation = a->generation;
	agent->idle_until = idle_until;
}

void allocator_run_agent(struct allocator *a, struct allocator_agent *agent, int64_t now,
			 allocator_offer_fn *offer, void *ctx)
{
	assert(!a->running);
	drf_refresh(&a->drf);
	a->running = true;
	offer_agent(&(struct run){ a, now, offer, ctx }, agent);
	a->running = false;
}

/* SplitMix64 (Steele, Lea, Flood 2014): enough to be fair, the same on every machine. */
static uint64_t next_random(struct allocator *a)
{
	uint64_t z = a->random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

void allocator_run(struct allocator *a, int64_t now, allocator_offer_fn *offer, void *ctx)
{
	struct run run = { a, now, offer, ctx };

	assert(!a->running);
	drf_refresh(&a->drf);
	a->running = true;
	/* Shuffled as it goes: the first agents of a pass go to whoever has least. */
	for (size_t n = a->agents_count; n > 0; n--) {
		swap_agents(a, n - 1, next_random(a) % n);
		offer_agent(&run, a->agents[n - 1]);
	}
	a->running = false;
}

/* ---- life ---- */

struct allocator *allocator_new(uint64_t seed)
{
	struct allocator *a = xcalloc(1, sizeof(*a));

	a->random = seed;
	drf_init(&a->drf);
	return a;
}

void allocator_free(struct allocator *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->agents_count; i++)
		agent_free(a->agents[i]);
	drf_fini(&a->drf);
	free(a->agents);
	free(a);
}
