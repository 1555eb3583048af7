/*
 * Shares and their order. Roles, and the frameworks of a role that want offers, are
 * kept sorted: an offer moves one key of each, found by binary search.
 */
#include "master/drf.h"

/* ---- amounts ---- */

static int scalar_index(struct drf *d, const char *name)
{
	for (size_t i = 0; i < d->names_count; i++)
		if (!strcmp(d->names[i], name))
			return (int)i;
	if (d->names_count == SCALARS_MAX)
		return -1;
	d->names[d->names_count] = xstrdup(name);
	return (int)d->names_count++;
}

/* Adds (sign 1) or takes away (-1) the scalars of r. */
static void count(struct drf *d, struct amounts *all, struct amounts *unreserved,
		  const struct resources *r, int sign)
{
	for (size_t i = 0; i < r->count; i++) {
		const struct resource_item *it = &r->items[i];
		int n = it->type == SCALAR ? scalar_index(d, it->name) : -1;

		if (n < 0)
			continue;
		all->v[n] += sign * it->scalar;
		assert(all->v[n] >= 0);
		if (item_unreserved(it))
			unreserved->v[n] += sign * it->scalar;
		assert(unreserved->v[n] >= 0 && unreserved->v[n] <= all->v[n]);
	}
}

static double dominant_share(const struct drf *d, const struct amounts *of,
			     const struct amounts *total)
{
	double most = 0;

	for (size_t i = 0; i < d->names_count; i++)
		if (total->v[i] > 0)
			most = MAX(most, (double)of->v[i] / (double)total->v[i]);
	return most;
}

void drf_count_total(struct drf *d, const struct resources *r, int sign)
{
	count(d, &d->total, &d->unreserved, r, sign);
	d->stale = true;
}

/* ---- order ---- */

static int rank_compare(const struct rank *x, const struct rank *y)
{
	if (x->share != y->share)
		return x->share < y->share ? -1 : 1;
	return (x->offers > y->offers) - (x->offers < y->offers);
}

static int role_compare(const void *a, const void *b)
{
	const struct role *x = *(struct role *const *)a, *y = *(struct role *const *)b;
	int c = rank_compare(&x->rank, &y->rank);

	return c ? c : strcmp(x->name, y->name);
}

static int framework_compare(const void *a, const void *b)
{
	const struct allocator_framework *x = *(struct allocator_framework *const *)a;
	const struct allocator_framework *y = *(struct allocator_framework *const *)b;
	int c = rank_compare(&x->rank, &y->rank);

	return c ? c : (x->age > y->age) - (x->age < y->age);
}

typedef int compare_fn(const void *, const void *);

/* How many of the n sorted pointers come before `key`: its place, there or not. */
static size_t place(void *const *sorted, size_t n, void *key, compare_fn *compare)
{
	size_t low = 0;

	while (n > 0) {
		size_t half = n / 2;

		if (compare(&sorted[low + half], &key) < 0) {
			low += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	return low;
}

static void *sorted_insert(void *array, size_t *n, void *key, compare_fn *compare)
{
	void **sorted = xreallocarray(array, *n + 1, sizeof(*sorted));
	size_t at = place(sorted, *n, key, compare);

	memmove(&sorted[at + 1], &sorted[at], (*n - at) * sizeof(*sorted));
	sorted[at] = key;
	(*n)++;
	return sorted;
}

static void sorted_remove(void *array, size_t *n, size_t at)
{
	void **sorted = array;

	assert(at < *n);
	memmove(&sorted[at], &sorted[at + 1], (*n - at - 1) * sizeof(*sorted));
	(*n)--;
}

/* The key at index `at` changed: puts it where it now belongs. */
static void sorted_move(void *array, size_t n, size_t at, compare_fn *compare)
{
	void **sorted = array, *key = sorted[at];
	size_t to = at + 1;

	if (to < n && compare(&sorted[to], &key) < 0) {
		to += place(sorted + to, n - to, key, compare);
		memmove(&sorted[at], &sorted[at + 1], (to - at - 1) * sizeof(*sorted));
		sorted[to - 1] = key;
	} else {
		to = place(sorted, at, key, compare);
		memmove(&sorted[to + 1], &sorted[to], (at - to) * sizeof(*sorted));
		sorted[to] = key;
	}
}

static size_t role_at(const struct drf *d, struct role *r)
{
	size_t at = place((void *const *)d->roles, d->roles_count, r, role_compare);

	assert(at < d->roles_count && d->roles[at] == r);
	return at;
}

/* Where a framework that wants offers stands in its role. */
static size_t framework_at(struct allocator_framework *fw)
{
	struct role *r = fw->role;
	size_t at = place((void *const *)r->sorted, r->sorted_count, fw, framework_compare);

	assert(at < r->sorted_count && r->sorted[at] == fw);
	return at;
}

static bool wants_offers(const struct allocator_framework *fw)
{
	return fw->active && !fw->suppressed;
}

static void rank_framework(const struct drf *d, struct allocator_framework *fw)
{
	fw->rank.share = dominant_share(d, &fw->all, &d->total);
}

static void rank_role(const struct drf *d, struct role *r)
{
	r->rank.share = dominant_share(d, &r->unreserved, &d->unreserved) / r->weight;
}

void drf_refresh(struct drf *d)
{
	if (!d->stale)
		return;
	d->stale = false;
	for (size_t i = 0; i < d->slots_count; i++)
		if (d->slots[i])
			rank_framework(d, d->slots[i]);
	for (size_t i = 0; i < d->roles_count; i++) {
		struct role *r = d->roles[i];

		rank_role(d, r);
		if (r->sorted_count)
			qsort(r->sorted, r->sorted_count, sizeof(struct allocator_framework *),
			      framework_compare);
	}
	if (d->roles_count)
		qsort(d->roles, d->roles_count, sizeof(struct role *), role_compare);
}

void drf_charge(struct drf *d, struct allocator_framework *fw, const struct resources *r, int sign,
		bool offered)
{
	struct role *role = fw->role;
	struct amounts before = fw->unreserved;
	size_t fw_index, role_index;

	drf_refresh(d);
	fw_index = wants_offers(fw) ? framework_at(fw) : 0;
	role_index = role_at(d, role);
	count(d, &fw->all, &fw->unreserved, r, sign);
	for (size_t i = 0; i < d->names_count; i++) {
		role->unreserved.v[i] += fw->unreserved.v[i] - before.v[i];
		assert(role->unreserved.v[i] >= 0);
	}
	fw->rank.offers += offered;
	role->rank.offers += offered;
	rank_framework(d, fw);
	rank_role(d, role);
	if (wants_offers(fw))
		sorted_move(role->sorted, role->sorted_count, fw_index, framework_compare);
	sorted_move(d->roles, d->roles_count, role_index, role_compare);
}

/* ---- roles and frameworks ---- */

struct role *drf_role(struct drf *d, const char *name)
{
	struct role *r;

	for (size_t i = 0; i < d->roles_count; i++)
		if (!strcmp(d->roles[i]->name, name))
			return d->roles[i];
	r = xcalloc(1, sizeof(*r));
	r->name = xstrdup(name);
	r->weight = 1;
	drf_refresh(d);
	d->roles = sorted_insert(d->roles, &d->roles_count, r, role_compare);
	return r;
}

static size_t free_slot(struct drf *d)
{
	for (size_t i = 0; i < d->slots_count; i++)
		if (!d->slots[i])
			return i;
	d->slots = xreallocarray(d->slots, d->slots_count + 1, sizeof(*d->slots));
	return d->slots_count++;
}

struct allocator_framework *drf_add(struct drf *d, const char *role, void *owner)
{
	struct allocator_framework *fw = xcalloc(1, sizeof(*fw));

	fw->role = drf_role(d, role);
	fw->owner = owner;
	fw->age = d->ages++;
	fw->slot = free_slot(d);
	d->slots[fw->slot] = fw;
	rank_framework(d, fw);
	return fw;
}

void drf_remove(struct drf *d, struct allocator_framework *fw)
{
	struct role *r = fw->role;

	assert(!wants_offers(fw));
	for (size_t i = 0; i < d->names_count; i++) {
		r->unreserved.v[i] -= fw->unreserved.v[i];
		assert(r->unreserved.v[i] >= 0);
	}
	d->stale = true;
	d->slots[fw->slot] = NULL;
	free(fw);
}

bool drf_set_wish(struct drf *d, struct allocator_framework *fw, bool active, bool suppressed)
{
	struct role *r = fw->role;

	drf_refresh(d);
	if (wants_offers(fw))
		sorted_remove(r->sorted, &r->sorted_count, framework_at(fw));
	fw->active = active;
	fw->suppressed = suppressed;
	if (wants_offers(fw))
		r->sorted = sorted_insert(r->sorted, &r->sorted_count, fw, framework_compare);
	return wants_offers(fw);
}

/* ---- life ---- */

void drf_init(struct drf *d)
{
	static const char *const first[] = { "cpus", "mem", "disk" };

	*d = (struct drf){ 0 };
	for (size_t i = 0; i < ARRAY_SIZE(first); i++)
		scalar_index(d, first[i]);
}

void drf_fini(struct drf *d)
{
	for (size_t i = 0; i < d->slots_count; i++)
		free(d->slots[i]);
	for (size_t i = 0; i < d->roles_count; i++) {
		free(d->roles[i]->name);
		free(d->roles[i]->sorted);
		free(d->roles[i]);
	}
	for (size_t i = 0; i < d->names_count; i++)
		free(d->names[i]);
	free(d->slots);
	free(d->roles);
	*d = (struct drf){ 0 };
}
