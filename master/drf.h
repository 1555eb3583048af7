/*
 * Dominant resource fairness, without agents or time: roles and the frameworks in
 * them, what they have, and both kept sorted by share. The allocator's inside; the
 * rules are in master/allocator.h.
 */
#pragma once

#include "lib/resources.h"

/* Scalars that count for fairness: cpus, mem, disk, and the first others that agents have. */
#define SCALARS_MAX 16

/* Thousandths of each scalar, by its index in drf.names. */
struct amounts {
	int64_t v[SCALARS_MAX];
};

/* Where somebody stands among its like. */
struct rank {
	double share;
	uint64_t offers; /* made so far */
};

struct role {
	char *name;
	double weight;
	struct rank rank;
	struct amounts unreserved;           /* allocated to its frameworks */
	struct allocator_framework **sorted; /* those that want offers, by rank */
	size_t sorted_count;
};

struct allocator_framework {
	struct role *role;
	void *owner;
	uint64_t age; /* the lower the older: the last word in a tie */
	size_t slot;  /* in drf.slots and in an agent's refusals */
	bool active, suppressed;
	bool has_filters; /* maybe: some agent may hold one */
	struct rank rank;
	struct amounts all, unreserved; /* allocated */
};

struct drf {
	bool stale; /* a total changed, so all shares did */
	uint64_t ages;
	char *names[SCALARS_MAX];
	size_t names_count;
	struct amounts total, unreserved; /* of the cluster */
	struct role **roles;              /* by rank */
	size_t roles_count;
	struct allocator_framework **slots; /* NULL where free */
	size_t slots_count;
};

void drf_init(struct drf *d);
void drf_fini(struct drf *d);

static inline bool item_unreserved(const struct resource_item *it)
{
	return it->role[0] == '*' && !it->role[1];
}

/* The cluster has more (sign 1) or less (-1) by r. */
void drf_count_total(struct drf *d, const struct resources *r, int sign);
/* All shares anew, and the order, if the cluster's total changed. */
void drf_refresh(struct drf *d);

/* The role of this name, made if it is not there. */
struct role *drf_role(struct drf *d, const char *name);
/* A framework that does not want offers yet. */
struct allocator_framework *drf_add(struct drf *d, const char *role, void *owner);
/* Frees it; it must not want offers. What it has no longer counts. */
void drf_remove(struct drf *d, struct allocator_framework *fw);
/* It is in its role's order if it is active and not suppressed: then true. */
bool drf_set_wish(struct drf *d, struct allocator_framework *fw, bool active, bool suppressed);
/* Books what fw gets (sign 1) or gives back (-1) and moves the two keys that this changes. */
void drf_charge(struct drf *d, struct allocator_framework *fw, const struct resources *r, int sign,
		bool offered);
