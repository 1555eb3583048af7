/* Resources to and from Resource messages, and what a host offers by itself. */
#include <math.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>

#include "lib/resources.h"
#include "lib/value.h"

#define GB_IN_MB 1024

/* ---- from messages ---- */

static int scalar_from_wire(const struct resource *in, struct resource_item *it, struct error *e)
{
	double v = in->scalar ? in->scalar->value : NAN;

	if (!in->scalar)
		return error_set(e, EINVAL, "scalar: missing");
	if (!isfinite(v) || v < 0)
		return error_set(e, EINVAL, "must be a number and not negative");
	if (v > (double)SCALAR_MAX)
		return error_set(e, EINVAL, "must be at most %lld", (long long)SCALAR_MAX);
	it->scalar = llround(v * SCALAR_UNIT);
	return 0;
}

static int ranges_from_wire(const struct resource *in, struct resource_item *it, struct error *e)
{
	if (!in->ranges)
		return error_set(e, EINVAL, "ranges: missing");
	it->ranges_count = in->ranges->range_count;
	it->ranges = xcalloc(it->ranges_count, sizeof(*it->ranges));
	for (size_t i = 0; i < it->ranges_count; i++)
		it->ranges[i] = (struct value_range){ in->ranges->range[i].begin,
						      in->ranges->range[i].end };
	return ranges_normalise(it->ranges, &it->ranges_count, e);
}

static int set_from_wire(const struct resource *in, struct resource_item *it, struct error *e)
{
	if (!in->set)
		return error_set(e, EINVAL, "set: missing");
	it->set = xcalloc(in->set->item_count, sizeof(*it->set));
	for (; it->set_count < in->set->item_count; it->set_count++)
		it->set[it->set_count] = xstrdup(in->set->item[it->set_count]);
	return set_normalise(it->set, it->set_count, e);
}

static int value_from_wire(const struct resource *in, struct resource_item *it, struct error *e)
{
	switch (in->type) {
	case SCALAR: return scalar_from_wire(in, it, e);
	case RANGES: return ranges_from_wire(in, it, e);
	case SET: return set_from_wire(in, it, e);
	case TEXT: break;
	}
	return error_set(e, EINVAL, "a resource cannot be of type TEXT");
}

static int add_from_wire(const struct resource *in, struct resources *sum, struct error *e)
{
	autoresources struct resources one = { .items = xcalloc(1, sizeof(*one.items)),
					       .count = 1 };
	struct resource_item *it = one.items;

	if (!value_word(in->name))
		return error_set(e, EINVAL, "resource '%s': bad name", in->name ? in->name : "");
	it->name = xstrdup(in->name);
	it->role = xstrdup(in->role ? in->role : "*");
	it->type = in->type;
	if (!value_word(it->role))
		return error_set(e, EINVAL, "resource %s: bad role '%s'", it->name, it->role);
	if (value_from_wire(in, it, e))
		return error_wrap(e, "resource %s", it->name);
	if (it->scalar || it->ranges_count || it->set_count)
		resources_add(sum, &one);
	if (resources_scalar(sum, it->name) > SCALAR_MAX * SCALAR_UNIT)
		return error_set(e, EINVAL, "resource %s: must be at most %lld", it->name,
				 (long long)SCALAR_MAX);
	return 0;
}

int resources_from_wire(const struct resource *list, size_t count, struct resources *ret,
			struct error *e)
{
	autoresources struct resources sum = { 0 };

	if (count > RESOURCES_MAX)
		return error_set(e, EINVAL, "more than %d resources", RESOURCES_MAX);
	for (size_t i = 0; i < count; i++)
		if (add_from_wire(&list[i], &sum, e))
			return -EINVAL;
	*ret = sum;
	sum = (struct resources){ 0 };
	return 0;
}

/* ---- to messages ---- */

static struct scalar_value *scalar_to_wire(int64_t milli)
{
	struct scalar_value *out = xcalloc(1, sizeof(*out));

	out->value = (double)milli / SCALAR_UNIT;
	out->has_value = true;
	return out;
}

struct ranges *ranges_to_wire(const struct value_range *r, size_t count)
{
	struct ranges *out = xcalloc(1, sizeof(*out));

	out->range = xcalloc(count, sizeof(*out->range));
	out->range_count = count;
	for (size_t i = 0; i < count; i++)
		out->range[i] = (struct range){
			.begin = r[i].begin, .has_begin = true, .end = r[i].end, .has_end = true
		};
	return out;
}

static struct set *set_to_wire(const struct resource_item *it)
{
	struct set *out = xcalloc(1, sizeof(*out));

	out->item = xcalloc(it->set_count, sizeof(*out->item));
	out->item_count = it->set_count;
	for (size_t i = 0; i < it->set_count; i++)
		out->item[i] = xstrdup(it->set[i]);
	return out;
}

void resources_to_wire(const struct resources *r, struct resource **ret, size_t *ret_count)
{
	struct resource *list = xcalloc(r->count, sizeof(*list));

	for (size_t i = 0; i < r->count; i++) {
		const struct resource_item *it = &r->items[i];

		list[i].name = xstrdup(it->name);
		list[i].role = xstrdup(it->role);
		list[i].type = it->type;
		list[i].has_type = true;
		if (it->type == RANGES)
			list[i].ranges = ranges_to_wire(it->ranges, it->ranges_count);
		else if (it->type == SET)
			list[i].set = set_to_wire(it);
		else
			list[i].scalar = scalar_to_wire(it->scalar);
	}
	*ret = list;
	*ret_count = r->count;
}

/* ---- the host ---- */

int host_capacity_read(const char *work_dir, struct host_capacity *ret, struct error *e)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct sysinfo mem;
	struct statvfs fs;

	if (sysinfo(&mem) < 0)
		return error_sys(e, "sysinfo");
	if (statvfs(work_dir, &fs) < 0)
		return error_sys(e, "statvfs %s", work_dir);
	ret->cpus = cpus > 0 ? (unsigned)cpus : 1;
	ret->mem_bytes = (uint64_t)mem.totalram * mem.mem_unit;
	ret->disk_bytes = (uint64_t)fs.f_blocks * fs.f_frsize;
	return 0;
}

/* Leaves `spare_mb` to the system, or half if there is not twice as much. In thousandths of MB. */
static int64_t capacity(uint64_t bytes, uint64_t spare_mb)
{
	uint64_t mb = bytes / MIB;

	mb = mb >= 2 * spare_mb ? mb - spare_mb : mb / 2;
	return (int64_t)MIN(MAX(mb, 1), (uint64_t)SCALAR_MAX) * SCALAR_UNIT;
}

static void detect_scalar(struct resources *r, const char *name, const char *role, int64_t milli)
{
	if (!resources_has(r, name))
		resources_add_scalar(r, name, role, milli);
}

void resources_detect(struct resources *r, const struct host_capacity *host, const char *role)
{
	detect_scalar(r, "cpus", role, (int64_t)MAX(host->cpus, 1) * SCALAR_UNIT);
	detect_scalar(r, "mem", role, capacity(host->mem_bytes, 1 * GB_IN_MB));
	detect_scalar(r, "disk", role, capacity(host->disk_bytes, 5 * GB_IN_MB));
	if (!resources_has(r, "ports")) {
		struct value_range ports = { 31000, 32000 };
		struct resource_item it = { .name = (char *)"ports",
					    .role = (char *)role,
					    .type = RANGES,
					    .ranges = &ports,
					    .ranges_count = 1 };
		struct resources one = { .items = &it, .count = 1 };

		resources_add(r, &one);
	}
}
