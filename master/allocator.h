/*
 * Who is offered what: dominant resource fairness (Ghodsi et al., NSDI 2011) in two
 * levels, roles and the frameworks in them, as in Mesos 0.22. Pure: no clock, no I/O;
 * the same calls with the same seed make the same offers.
 *
 * The share of a framework is the largest, over all scalar resources, of what it has
 * divided by what the cluster has; of a role, the same without reserved resources,
 * divided by the role's weight. The smallest share comes first; then who was
 * offered something less often; then roles by name and frameworks by age. (Mesos 0.22
 * divides a framework's resources by those of its role. Dividing by the cluster's, as
 * later releases do, changes an order only where two frameworks of a role dominate in
 * different resources, and makes it independent of what others take.)
 *
 * An agent's free resources go to one framework as a whole: what is unreserved and
 * what is reserved for its role. Less than 0.01 cpus and less than 32 MB of memory
 * together are not worth an offer; this is Mesos's rule, kept although it never offers
 * what is left of disks alone. A refused offer makes a filter: the framework is not
 * offered resources of that agent that are contained in what it refused, for a while.
 *
 * The books: an agent has a total, part of which is allocated (offered or used).
 * Giving back more than was allocated is a mistake of the caller and asserted.
 */
#pragma once

#include "lib/resources.h"

struct allocator;
struct allocator_agent;
struct allocator_framework;

/* A refusal without a valid time counts so long (Mesos: 5 s). */
#define ALLOCATOR_REFUSE_DEFAULT_NS (5 * NSEC_PER_SEC)

/*
 * One offer. The resources are valid during the call, in which the allocator must not
 * be called; they are already allocated to the framework.
 */
typedef void allocator_offer_fn(void *ctx, void *framework_owner, void *agent_owner,
				const struct resources *offered);

/* seed decides in which order a full pass visits the agents. */
struct allocator *allocator_new(uint64_t seed);
/* Frees everything in it; NULL is harmless. */
void allocator_free(struct allocator *a);

/* Weight of a role, 1 if never set; above 0. */
void allocator_set_weight(struct allocator *a, const char *role, double weight);

/* Comes active and not suppressed; owner is what the callback gets. */
struct allocator_framework *allocator_add_framework(struct allocator *a, const char *role,
						    void *owner);
/* What it still has is no longer its own: give that back with allocator_recover(a, NULL, ...). */
void allocator_remove_framework(struct allocator *a, struct allocator_framework *fw);
void allocator_activate_framework(struct allocator *a, struct allocator_framework *fw);
/* Gets nothing from now on; its filters are forgotten. */
void allocator_deactivate_framework(struct allocator *a, struct allocator_framework *fw);
/* Gets nothing until it is revived. */
void allocator_suppress(struct allocator *a, struct allocator_framework *fw);
/* Wants offers again, those it refused included. */
void allocator_revive(struct allocator *a, struct allocator_framework *fw);

/* Comes active. */
struct allocator_agent *allocator_add_agent(struct allocator *a, const struct resources *total,
					    void *owner);
/* Nothing of it may be allocated any more (asserted): recover that first. */
void allocator_remove_agent(struct allocator *a, struct allocator_agent *agent);
void allocator_activate_agent(struct allocator *a, struct allocator_agent *agent);
/* Nothing of it is offered from now on. */
void allocator_deactivate_agent(struct allocator *a, struct allocator_agent *agent);
/* A total below what is allocated is fine: nothing is free until enough came back. */
void allocator_update_total(struct allocator *a, struct allocator_agent *agent,
			    const struct resources *total);

/*
 * Accounts for resources in use that were not offered here: tasks of an agent that
 * re-registers. Their framework may be inactive until it comes.
 */
void allocator_allocated(struct allocator *a, struct allocator_framework *fw,
			 struct allocator_agent *agent, const struct resources *r);
/*
 * Resources are free again: declined, unused, rescinded, or their task ended. fw is
 * NULL if it is gone, or never was there. refuse_ns makes a filter from all of r: 0
 * is none, below 0 the default. Offers nothing by itself: call a run, or wait for the
 * next one.
 */
void allocator_recover(struct allocator *a, struct allocator_framework *fw,
		       struct allocator_agent *agent, const struct resources *r, int64_t refuse_ns,
		       int64_t now_ns);

/* Full pass: offers whatever is free to whoever may have it. now is monotonic, in ns. */
void allocator_run(struct allocator *a, int64_t now, allocator_offer_fn *offer, void *ctx);
/* The same for one agent: after it came, or something of it came back. */
void allocator_run_agent(struct allocator *a, struct allocator_agent *agent, int64_t now,
			 allocator_offer_fn *offer, void *ctx);

/* What is free on an agent; owned by the allocator. */
const struct resources *allocator_available(const struct allocator_agent *agent);
