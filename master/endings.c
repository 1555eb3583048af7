/* Removals of frameworks that wait for their row. */
#include "master/endings.h"

#include "master/agents.h"
#include "master/registry.h"

struct ending {
	UT_hash_handle hh;
	struct master *master;
	struct store_wait row;
	char *id;
	struct idset agents; /* to be told; who is left out runs on until it comes back */
};

static struct ending *find(const struct master *m, const char *id)
{
	struct ending *x;

	HASH_FIND_STR(m->endings, id, x);
	return x;
}

static void free_ending(struct ending *x)
{
	HASH_DEL(x->master->endings, x);
	store_wait_cancel(&x->row);
	idset_fini(&x->agents);
	free(x->id);
	free(x);
}

static void on_written(struct store_wait *w)
{
	struct ending *x = container_of(w, struct ending, row);
	struct idset_entry *entry, *next;

	HASH_ITER(hh, x->agents.entries, entry, next) {
		struct agent *a = agent_find(x->master, entry->id);

		if (a)
			agent_shutdown_framework(a, x->id);
	}
	free_ending(x);
}

void ending_start(struct master *m, const char *framework_id)
{
	struct ending *x = xcalloc(1, sizeof(*x));

	assert(!find(m, framework_id));
	x->master = m;
	x->id = xstrdup(framework_id);
	HASH_ADD_KEYPTR(hh, m->endings, x->id, strlen(x->id), x);
	registry_wait(m, &x->row, on_written);
}

void ending_tell(struct agent *a, const char *framework_id)
{
	struct ending *x = find(a->master, framework_id);

	if (x)
		idset_add(&x->agents, a->info->id);
	else
		agent_shutdown_framework(a, framework_id);
}

void endings_free(struct master *m)
{
	struct ending *x, *next;

	HASH_ITER(hh, m->endings, x, next)
		free_ending(x);
}
