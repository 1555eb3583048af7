/*
 * The arithmetic of resources: sorted items, added, compared and taken apart item
 * by item. Text, wire and detection are in resources-text.c and resources-wire.c.
 */
#include "lib/resources.h"

#include "lib/value.h"

static int item_compare(const struct resource_item *a, const struct resource_item *b)
{
	int c = strcmp(a->name, b->name);

	if (!c)
		c = strcmp(a->role, b->role);
	return c ? c : (int)a->type - (int)b->type;
}

static void item_fini(struct resource_item *it)
{
	free(it->name);
	free(it->role);
	free(it->ranges);
	set_free(it->set, it->set_count);
}

static bool item_empty(const struct resource_item *it)
{
	return !it->scalar && !it->ranges_count && !it->set_count;
}

static struct resource_item item_copy(const struct resource_item *src)
{
	struct resource_item it = *src;
	size_t n;

	it.name = xstrdup(src->name);
	it.role = xstrdup(src->role);
	if (src->type == RANGES)
		it.ranges = ranges_union(src->ranges, src->ranges_count, NULL, 0, &n);
	else if (src->type == SET)
		it.set = sets_combine(src->set, src->set_count, NULL, 0, SET_UNION, &n);
	return it;
}

static void item_set_ranges(struct resource_item *it, struct value_range *ranges, size_t n)
{
	free(it->ranges);
	it->ranges = ranges;
	it->ranges_count = n;
}

static void item_set_set(struct resource_item *it, char **set, size_t n)
{
	set_free(it->set, it->set_count);
	it->set = set;
	it->set_count = n;
}

/* a becomes a + b, a - b or what both have; they are of one kind. */
static void item_combine(struct resource_item *a, const struct resource_item *b, enum set_keep keep)
{
	static struct value_range *(*const combine[])(const struct value_range *, size_t,
						      const struct value_range *, size_t,
						      size_t *) = {
		[SET_UNION] = ranges_union,
		[SET_MINUS] = ranges_minus,
		[SET_COMMON] = ranges_common,
	};
	size_t n;

	assert(a->type == b->type);
	if (a->type == RANGES) {
		struct value_range *r =
			combine[keep](a->ranges, a->ranges_count, b->ranges, b->ranges_count, &n);

		item_set_ranges(a, r, n);
	} else if (a->type == SET) {
		char **set = sets_combine(a->set, a->set_count, b->set, b->set_count, keep, &n);

		item_set_set(a, set, n);
	} else if (keep == SET_COMMON) {
		a->scalar = MIN(a->scalar, b->scalar);
	} else {
		int64_t other = keep == SET_UNION ? b->scalar : -b->scalar;

		if (__builtin_add_overflow(a->scalar, other, &a->scalar))
			assert(!"a sum of resources that does not fit");
		assert(a->scalar >= 0);
	}
}

static bool item_contains(const struct resource_item *a, const struct resource_item *b)
{
	assert(a->type == b->type);
	if (a->type == RANGES)
		return ranges_contain(a->ranges, a->ranges_count, b->ranges, b->ranges_count);
	if (a->type == SET)
		return set_contains(a->set, a->set_count, b->set, b->set_count);
	return a->scalar >= b->scalar;
}

void resources_fini(struct resources *r)
{
	for (size_t i = 0; i < r->count; i++)
		item_fini(&r->items[i]);
	free(r->items);
	*r = (struct resources){ 0 };
}

void resources_copy(struct resources *ret, const struct resources *src)
{
	*ret = (struct resources){ .count = src->count };
	if (src->count)
		ret->items = xreallocarray(NULL, src->count, sizeof(*ret->items));
	for (size_t i = 0; i < src->count; i++)
		ret->items[i] = item_copy(&src->items[i]);
}

void resources_move(struct resources *dst, struct resources *src)
{
	struct resources moved = *src;

	*src = (struct resources){ 0 };
	resources_fini(dst);
	*dst = moved;
}

bool resources_empty(const struct resources *r)
{
	return r->count == 0;
}

bool resources_equal(const struct resources *a, const struct resources *b)
{
	return a->count == b->count && resources_contains(a, b) && resources_contains(b, a);
}

/* Puts an item, which is taken over, at index i. */
static void insert(struct resources *r, size_t i, struct resource_item it)
{
	assert(i <= r->count && !item_empty(&it));
	r->items = xreallocarray(r->items, r->count + 1, sizeof(it));
	memmove(&r->items[i + 1], &r->items[i], (r->count - i) * sizeof(it));
	r->items[i] = it;
	r->count++;
}

static void remove_empty(struct resources *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->count; i++) {
		if (item_empty(&r->items[i]))
			item_fini(&r->items[i]);
		else
			r->items[n++] = r->items[i];
	}
	r->count = n;
	if (!n) {
		free(r->items);
		r->items = NULL;
	}
}

void resources_add(struct resources *a, const struct resources *b)
{
	size_t i = 0;

	assert(a != b);
	for (size_t j = 0; j < b->count; j++) {
		while (i < a->count && item_compare(&a->items[i], &b->items[j]) < 0)
			i++;
		if (i < a->count && item_compare(&a->items[i], &b->items[j]) == 0)
			item_combine(&a->items[i], &b->items[j], SET_UNION);
		else
			insert(a, i, item_copy(&b->items[j]));
	}
}

bool resources_contains(const struct resources *a, const struct resources *b)
{
	size_t i = 0;

	for (size_t j = 0; j < b->count; j++, i++) {
		while (i < a->count && item_compare(&a->items[i], &b->items[j]) < 0)
			i++;
		if (i == a->count || item_compare(&a->items[i], &b->items[j]) != 0 ||
		    !item_contains(&a->items[i], &b->items[j]))
			return false;
	}
	return true;
}

void resources_subtract(struct resources *a, const struct resources *b)
{
	size_t i = 0;

	assert(a != b);
	for (size_t j = 0; j < b->count; j++, i++) {
		while (i < a->count && item_compare(&a->items[i], &b->items[j]) < 0)
			i++;
		assert(i < a->count && item_compare(&a->items[i], &b->items[j]) == 0);
		assert(item_contains(&a->items[i], &b->items[j]));
		item_combine(&a->items[i], &b->items[j], SET_MINUS);
	}
	remove_empty(a);
}

void resources_intersect(const struct resources *a, const struct resources *b,
			 struct resources *ret)
{
	size_t i = 0;

	*ret = (struct resources){ 0 };
	for (size_t j = 0; j < b->count; j++) {
		struct resource_item it;

		while (i < a->count && item_compare(&a->items[i], &b->items[j]) < 0)
			i++;
		if (i == a->count || item_compare(&a->items[i], &b->items[j]) != 0)
			continue;
		it = item_copy(&a->items[i]);
		item_combine(&it, &b->items[j], SET_COMMON);
		if (item_empty(&it))
			item_fini(&it);
		else
			insert(ret, ret->count, it);
	}
}

/* One item of another role; the result is a list of at most one. */
static void as_role(const struct resource_item *it, const char *role, struct resources *ret)
{
	struct resource_item copy = item_copy(it);

	replace_str(&copy.role, role);
	*ret = (struct resources){ 0 };
	insert(ret, 0, copy);
}

/* Moves what it can of `want`, one item, from `rest` to `found`, of this role. True if all. */
static bool take(struct resources *rest, struct resources *want, const char *role,
		 struct resources *found)
{
	autoresources struct resources of_role = { 0 };
	autoresources struct resources taken = { 0 };
	autoresources struct resources paid = { 0 };

	if (resources_empty(want))
		return true;
	as_role(&want->items[0], role, &of_role);
	resources_intersect(rest, &of_role, &taken);
	if (resources_empty(&taken))
		return false;
	as_role(&taken.items[0], want->items[0].role, &paid);
	resources_subtract(rest, &taken);
	resources_subtract(want, &paid);
	resources_add(found, &taken);
	return resources_empty(want);
}

bool resources_find(const struct resources *from, const struct resources *want, const char *role,
		    struct resources *ret)
{
	autoresources struct resources rest = { 0 };
	autoresources struct resources found = { 0 };

	*ret = (struct resources){ 0 };
	resources_copy(&rest, from);
	for (size_t i = 0; i < want->count; i++) {
		autoresources struct resources one = { 0 };

		as_role(&want->items[i], role, &one);
		if (!take(&rest, &one, role, &found) && !take(&rest, &one, "*", &found))
			return false;
	}
	resources_move(ret, &found);
	return true;
}

void resources_filter_role(const struct resources *r, const char *role, struct resources *ret)
{
	*ret = (struct resources){ 0 };
	for (size_t i = 0; i < r->count; i++)
		if (!strcmp(r->items[i].role, role))
			insert(ret, ret->count, item_copy(&r->items[i]));
}

int64_t resources_scalar(const struct resources *r, const char *name)
{
	int64_t sum = 0;

	for (size_t i = 0; i < r->count; i++)
		if (r->items[i].type == SCALAR && !strcmp(r->items[i].name, name))
			sum += r->items[i].scalar;
	return sum;
}

double resources_scalar_value(const struct resources *r, const char *name)
{
	return (double)resources_scalar(r, name) / SCALAR_UNIT;
}

bool resources_disk_limit(const struct resources *r, uint64_t fallback_bytes, uint64_t *ret)
{
	uint64_t milli = (uint64_t)resources_scalar(r, "disk");
	/* Whole MB and the rest apart: the product of a large disk must not overflow. */
	uint64_t whole = milli / SCALAR_UNIT, rest = milli % SCALAR_UNIT;

	*ret = milli ? whole * MIB + rest * MIB / SCALAR_UNIT : fallback_bytes;
	return *ret > 0;
}

void resources_add_disk(struct resources *r, uint64_t bytes)
{
	uint64_t milli = bytes / MIB * SCALAR_UNIT + bytes % MIB * SCALAR_UNIT / MIB;

	resources_add_scalar(r, "disk", "*",
			     (int64_t)MIN(milli, (uint64_t)SCALAR_MAX * SCALAR_UNIT));
}

bool resources_has(const struct resources *r, const char *name)
{
	for (size_t i = 0; i < r->count; i++)
		if (!strcmp(r->items[i].name, name))
			return true;
	return false;
}

void resources_add_scalar(struct resources *r, const char *name, const char *role, int64_t milli)
{
	autoresources struct resources one = { 0 };

	assert(milli >= 0);
	if (!milli)
		return;
	insert(&one, 0,
	       (struct resource_item){ .name = xstrdup(name),
				       .role = xstrdup(role),
				       .type = SCALAR,
				       .scalar = milli });
	resources_add(r, &one);
}
