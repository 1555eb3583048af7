/*
 * Ids that were ever used have an entry; all others of the range were never, and are given out
 * first.
 */
#include "lib/project_ids.h"

#include <uthash.h>

#include "lib/list.h"
#include "lib/quota.h"
#include "lib/value.h"

struct entry {
	UT_hash_handle hh;
	UT_hash_handle by_sandbox; /* of one that is taken */
	struct list node;          /* in `of` its use, once it has one */
	uint32_t id;
	enum project_use use;
	char *sandbox;
};

/* The free ones were given back, the one that is longest free first. */
struct of_use {
	struct list entries;
	size_t count, in_range;
};

struct project_ids {
	struct value_range *ranges;
	size_t ranges_count;
	struct entry *entries, *sandboxes;
	struct of_use of[PROJECT_FOREIGN + 1];
	size_t range; /* where the next id that was never used is looked for */
	uint64_t next;
};

/* ---- the range ---- */

static int bad_range(const char *text, const char *why, struct error *e)
{
	return error_set(e, EINVAL,
			 "--xfs_project_range: '%s' %s; it is a list of ranges, as in "
			 "[1000000000-1000999999] or [5000-5999, 7000-7999]",
			 text, why);
}

static int check_ranges(const char *text, const struct value *v, struct error *e)
{
	if (v->type != RANGES || !v->ranges_count)
		return bad_range(text, "is not a range", e);
	for (size_t i = 0; i < v->ranges_count; i++) {
		if (v->ranges[i].begin == PROJECT_NONE)
			return bad_range(text, "contains 0, which means no project", e);
		if (v->ranges[i].end > PROJECT_MAX)
			return bad_range(text, "contains ids above 4294967294", e);
	}
	return 0;
}

int project_ids_new(const char *range, struct project_ids **ret, struct error *e)
{
	autovalue struct value v = { .ranges = NULL };
	struct project_ids *p;
	struct error why;

	if (value_parse(range, &v, &why))
		return bad_range(range, why.text, e);
	if (check_ranges(range, &v, e))
		return -e->code;
	p = xcalloc(1, sizeof(*p));
	p->ranges = take_ptr(v.ranges);
	p->ranges_count = v.ranges_count;
	v.ranges_count = 0;
	p->next = p->ranges[0].begin;
	for (size_t i = 0; i < ARRAY_SIZE(p->of); i++)
		list_init(&p->of[i].entries);
	*ret = p;
	return 0;
}

bool project_ids_in_range(const struct project_ids *p, uint32_t id)
{
	for (size_t i = 0; i < p->ranges_count; i++)
		if (p->ranges[i].begin <= id && id <= p->ranges[i].end)
			return true;
	return false;
}

/* ---- entries ---- */

static struct entry *find(const struct project_ids *p, uint32_t id)
{
	struct entry *x;

	HASH_FIND(hh, p->entries, &id, sizeof(id), x);
	return x;
}

static void forget_sandbox(struct project_ids *p, struct entry *x)
{
	if (!x->sandbox)
		return;
	HASH_DELETE(by_sandbox, p->sandboxes, x);
	free(take_ptr(x->sandbox));
}

static struct entry *find_of(const struct project_ids *p, const char *sandbox)
{
	struct entry *x;

	HASH_FIND(by_sandbox, p->sandboxes, sandbox, strlen(sandbox), x);
	return x;
}

static void enter(struct project_ids *p, struct entry *x, enum project_use use)
{
	struct of_use *u = &p->of[use];

	x->use = use;
	list_append(&u->entries, &x->node);
	u->count++;
	u->in_range += project_ids_in_range(p, x->id);
}

static void leave(struct project_ids *p, struct entry *x)
{
	struct of_use *u = &p->of[x->use];

	if (list_empty(&x->node)) /* it is new */
		return;
	list_remove(&x->node);
	u->count--;
	u->in_range -= project_ids_in_range(p, x->id);
}

static void move(struct project_ids *p, struct entry *x, enum project_use use, const char *sandbox)
{
	assert((use == PROJECT_TAKEN) == (sandbox != NULL));
	assert(!sandbox || !find_of(p, sandbox));
	forget_sandbox(p, x);
	leave(p, x);
	enter(p, x, use);
	if (!sandbox)
		return;
	x->sandbox = xstrdup(sandbox);
	HASH_ADD_KEYPTR(by_sandbox, p->sandboxes, x->sandbox, strlen(x->sandbox), x);
}

static void drop(struct project_ids *p, struct entry *x)
{
	forget_sandbox(p, x);
	leave(p, x);
	HASH_DELETE(hh, p->entries, x);
	free(x);
}

void project_ids_free(struct project_ids *p)
{
	struct entry *x, *next;

	if (!p)
		return;
	HASH_ITER(hh, p->entries, x, next)
		drop(p, x);
	free(p->ranges);
	free(p);
}

enum project_use project_ids_use(const struct project_ids *p, uint32_t id)
{
	const struct entry *x = find(p, id);

	return x ? x->use : PROJECT_FREE;
}

const char *project_ids_sandbox(const struct project_ids *p, uint32_t id)
{
	const struct entry *x = find(p, id);

	return x ? x->sandbox : NULL;
}

bool project_ids_of(const struct project_ids *p, const char *sandbox, uint32_t *ret)
{
	const struct entry *x = find_of(p, sandbox);

	if (x)
		*ret = x->id;
	return x;
}

void project_ids_restore(struct project_ids *p, uint32_t id, enum project_use use,
			 const char *sandbox)
{
	struct entry *x = find(p, id), *before = sandbox ? find_of(p, sandbox) : NULL;

	if (before)
		move(p, before, PROJECT_ORPHANED, NULL);
	if (use == PROJECT_FREE && !project_ids_in_range(p, id)) {
		if (x)
			drop(p, x);
		return;
	}
	if (!x) {
		x = xcalloc(1, sizeof(*x));
		x->id = id;
		list_init(&x->node);
		HASH_ADD(hh, p->entries, id, sizeof(x->id), x);
	}
	move(p, x, use, sandbox);
}

/* ---- taking and giving back ---- */

/* Moves `next` to an id without an entry; false at the end of the range. */
static bool find_unused(struct project_ids *p)
{
	while (p->range < p->ranges_count) {
		if (p->next > p->ranges[p->range].end) {
			if (++p->range < p->ranges_count)
				p->next = p->ranges[p->range].begin;
		} else if (!find(p, (uint32_t)p->next)) {
			return true;
		} else {
			p->next++;
		}
	}
	return false;
}

int project_ids_take(struct project_ids *p, const char *sandbox, uint32_t *ret)
{
	struct entry *x;

	if (find_unused(p)) {
		*ret = (uint32_t)p->next;
		project_ids_restore(p, *ret, PROJECT_TAKEN, sandbox);
		return 0;
	}
	x = list_first(&p->of[PROJECT_FREE].entries, struct entry, node);
	if (!x)
		return 1;
	*ret = x->id;
	move(p, x, PROJECT_TAKEN, sandbox);
	return 0;
}

void project_ids_give_back(struct project_ids *p, uint32_t id)
{
	struct entry *x = find(p, id);

	assert(x && x->use != PROJECT_FREE);
	if (project_ids_in_range(p, id))
		move(p, x, PROJECT_FREE, NULL);
	else
		drop(p, x);
}

bool project_ids_orphan(struct project_ids *p, const char *sandbox, uint32_t *ret)
{
	struct entry *x = find_of(p, sandbox);

	if (!x)
		return false;
	*ret = x->id;
	move(p, x, PROJECT_ORPHANED, NULL);
	return true;
}

uint32_t *project_ids_list(const struct project_ids *p, enum project_use use, size_t *ret_count)
{
	const struct of_use *u = &p->of[use];
	uint32_t *list = xcalloc(u->count + 1, sizeof(*list));
	struct entry *x;

	*ret_count = 0;
	list_for_each(x, &u->entries, node)
		list[(*ret_count)++] = x->id;
	return list;
}

struct project_counts project_ids_counts(const struct project_ids *p)
{
	struct project_counts c = {
		.taken = p->of[PROJECT_TAKEN].in_range,
		.orphaned = p->of[PROJECT_ORPHANED].in_range,
		.foreign = p->of[PROJECT_FOREIGN].in_range,
		.others = p->of[PROJECT_FOREIGN].count,
	};

	for (size_t i = 0; i < p->ranges_count; i++)
		c.total += p->ranges[i].end - p->ranges[i].begin + 1;
	c.free = c.total - c.taken - c.orphaned - c.foreign;
	return c;
}
