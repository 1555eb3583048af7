/*
 * What an agent has and a task uses: scalars, ranges and sets by name and role.
 * Scalars are exact: fixed point with three decimals (Mesos added doubles and
 * drifted). Grammar: Mesos 0.22 --resources, "cpus:4;mem(prod):1024;ports:[1-9]".
 */
#pragma once

#include "lib/protocol.h"

/* One unit of a scalar is a thousandth: cpus:0.1 is 100. */
#define SCALAR_UNIT 1000
/* The largest scalar, in whole units: nothing added up to 2^20 times overflows. */
#define SCALAR_MAX INT64_C(8000000000)

/* No agent names and no message lists more than so many items. */
#define RESOURCES_MAX 256
/* The largest number in a range: what JSON numbers carry between us. */
#define RANGE_MAX ((uint64_t)INT64_MAX)

struct value_range {
	uint64_t begin, end; /* both inclusive */
};

/* Canonical: ranges sorted and coalesced, set items sorted and unique, never empty or zero. */
struct resource_item {
	char *name;
	char *role;           /* "*" is unreserved */
	enum value_type type; /* SCALAR, RANGES or SET */
	int64_t scalar;       /* thousandths, above 0 */
	struct value_range *ranges;
	size_t ranges_count;
	char **set;
	size_t set_count;
};

/* Sorted by name, role, type; at most one item for each such triple. Zero-initialise. */
struct resources {
	struct resource_item *items;
	size_t count;
};

#define autoresources cleanup(resources_fini)

void resources_fini(struct resources *r);
void resources_copy(struct resources *ret, const struct resources *src);
void resources_move(struct resources *dst, struct resources *src); /* frees dst's old */
bool resources_empty(const struct resources *r);
bool resources_equal(const struct resources *a, const struct resources *b);

/* Text to resources. Zero values are dropped; anything malformed is -EINVAL with a reason. */
int resources_parse(const char *text, const char *default_role, struct resources *ret,
		    struct error *e);
/* "cpus:4; mem(prod):1024; ports:[31000-32000]"; parses back to the same. */
void resources_print(const struct resources *r, struct buf *out);

/* a += b. */
void resources_add(struct resources *a, const struct resources *b);
/* True if a has everything in b, by name and role. */
bool resources_contains(const struct resources *a, const struct resources *b);
/* What is in both, by name and role. */
void resources_intersect(const struct resources *a, const struct resources *b,
			 struct resources *ret);
/* a -= b; b must be contained (asserted): our books never go below zero. */
void resources_subtract(struct resources *a, const struct resources *b);
/*
 * What of `from` serves `want`, whatever its roles: first what is reserved for `role`,
 * then what is unreserved. *ret is what was found, with its roles; false (and *ret
 * empty) if `from` has not enough.
 */
bool resources_find(const struct resources *from, const struct resources *want, const char *role,
		    struct resources *ret);
/* Only the items of this role, or only the unreserved ones ("*"). */
void resources_filter_role(const struct resources *r, const char *role, struct resources *ret);

/* Sum of a scalar over all roles, in thousandths; 0 if there is none. */
int64_t resources_scalar(const struct resources *r, const char *name);
/* The same as a double for display. */
double resources_scalar_value(const struct resources *r, const char *name);
/*
 * The limit in bytes that the disk resource stands for: exact, where Mesos cut it to whole MB.
 * false: no limit (0, which is what frameworks send for "none"). fallback_bytes stands in for none;
 * 0: there is no fallback.
 */
bool resources_disk_limit(const struct resources *r, uint64_t fallback_bytes, uint64_t *ret);
/* What resources_disk_limit() gives back, but for less than a thousandth of a MB. */
void resources_add_disk(struct resources *r, uint64_t bytes);
/* True if there is an item of this name in any role. */
bool resources_has(const struct resources *r, const char *name);
/* Adds one scalar item; thousandths of 0 adds nothing. */
void resources_add_scalar(struct resources *r, const char *name, const char *role, int64_t milli);

/*
 * From the Resource messages of a framework. Fails (-EINVAL) on what Mesos calls
 * invalid: no name, a value that does not fit the type, negative, not finite, inverted
 * or overlapping ranges, duplicate set items; also on names, roles and items that
 * --resources could not express. What is zero or empty is valid and dropped. The
 * DiskInfo rules are the master's (validate.c).
 */
int resources_from_wire(const struct resource *list, size_t count, struct resources *ret,
			struct error *e);
/* To Resource messages; *ret is an array for the LIST field of a record, freed by its schema. */
void resources_to_wire(const struct resources *r, struct resource **ret, size_t *ret_count);
/*
 * The 0.22 view: {"cpus":4,"disk":0,"mem":0,"ports":"[1-2, 5-9]"}; cpus, mem, disk always
 * there, roles of one name summed up (0.22 let the last one win).
 */
void resources_add_view(const struct resources *r, struct buf *out);

/* What the host offers to detection; the caller reads it from the system, tests invent it. */
struct host_capacity {
	unsigned cpus;
	uint64_t mem_bytes;
	uint64_t disk_bytes; /* of the filesystem of work_dir */
};
int host_capacity_read(const char *work_dir, struct host_capacity *ret, struct error *e);
/*
 * Adds cpus, mem, disk and ports that r does not name (in any role): all cpus; mem less
 * 1 GB, or half if below 2 GB; disk less 5 GB, or half if below 10 GB; ports
 * [31000-32000]. Whole MB, at least 1 of each.
 */
void resources_detect(struct resources *r, const struct host_capacity *host, const char *role);
