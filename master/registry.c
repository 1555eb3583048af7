/* Rows in and out; the document that shows them. */
#include "master/registry.h"

#include "lib/log.h"
#include "lib/runtime.h"
#include "lib/views.h"
#include "master/frameworks.h"
#include "master/recovery.h"
#include "master/updates.h"

#include "lib/schema-tables.h"
#include "master/registry.def"
#include "lib/schema-end.h"

#define EPOCH 1 /* while there is one master */
/* Kept for a disk that others have filled. */
#define RESERVE_BYTES (4 * MIB)

const struct store_table master_table = { "master", master_row_schema, 1 };
const struct store_table agent_table = { "agents", admitted_row_schema, 1 };
const struct store_table framework_table = { "frameworks", known_framework_row_schema, 1 };
const struct store_table update_table = { "updates", master_update_row_schema, 1 };

static const struct store_table *const tables[] = {
	&master_table, &agent_table, &framework_table, &update_table, NULL,
};

const struct store_schema registry_schema = {
	.name = "registry",
	.version = 1,
	.oldest_reader = 1,
	.tables = tables,
};

static int64_t to_ns(double seconds)
{
	return (int64_t)(seconds * 1e6) * NSEC_PER_USEC;
}

static int load_master(void *rec unused, void *ctx, struct error *e unused)
{
	*(bool *)ctx = true;
	return 0;
}

/* Rows come in the order of admission, and who was removed first is forgotten first. */
struct removed_id {
	int64_t removed;
	char *id;
};

struct loading {
	struct master *m;
	struct removed_id *removed;
	size_t count;
};

static void note_removed(struct loading *l, char **id, int64_t removed)
{
	if (!(l->count & (l->count - 1))) /* full: it grows to the next power of two */
		l->removed =
			xreallocarray(l->removed, l->count ? 2 * l->count : 1, sizeof(*l->removed));
	l->removed[l->count++] = (struct removed_id){ removed, take_ptr(*id) };
}

static int by_removal(const void *a, const void *b)
{
	const struct removed_id *x = a, *y = b;

	return (x->removed > y->removed) - (x->removed < y->removed);
}

static int load_agent(void *rec, void *ctx, struct error *e)
{
	struct admitted_row *row = rec;
	struct loading *l = ctx;

	if (row->has_removed) {
		note_removed(l, &row->agent_id, row->removed);
		return 0;
	}
	if (!row->info || !str_equal(row->info->id, row->agent_id))
		return error_set(e, EBADMSG, "agent %s: its info is missing or another's",
				 row->agent_id);
	recovery_add(l->m, row->info, ns_seconds(row->registered), !row->unconfirmed);
	return 0;
}

static int load_framework(void *rec, void *ctx, struct error *e)
{
	struct known_framework_row *row = rec;
	struct loading *l = ctx;

	if (row->has_removed) {
		note_removed(l, &row->framework_id, row->removed);
		return 0;
	}
	if (!row->info || !str_equal(row->info->id, row->framework_id))
		return error_set(e, EBADMSG, "framework %s: its info is missing or another's",
				 row->framework_id);
	framework_restore(l->m, row->info, ns_seconds(row->registered));
	return 0;
}

static int load_update(void *rec, void *ctx, struct error *e unused)
{
	struct master_update_row *row = rec;

	master_updates_restore(ctx, take_ptr(row->body), row->sequence);
	return 0;
}

static int load_ids(struct master *m, const struct store_table *table,
		    int (*row)(void *rec, void *ctx, struct error *e), struct idset *removed,
		    struct error *e)
{
	struct loading l = { .m = m };
	int r = store_load(m->store, table, row, &l, e);

	if (l.count)
		qsort(l.removed, l.count, sizeof(*l.removed), by_removal);
	for (size_t i = 0; i < l.count; i++) {
		idset_add(removed, l.removed[i].id);
		free(l.removed[i].id);
	}
	free(l.removed);
	return r;
}

/* Updates come after the frameworks that wait for them. */
static int load(struct master *m, struct error *e)
{
	struct master_row self = { .name = "self", .epoch = EPOCH, .has_epoch = true };
	bool known = false;
	int r = store_load(m->store, &master_table, load_master, &known, e);

	if (!r)
		r = load_ids(m, &agent_table, load_agent, &m->removed_agents, e);
	if (!r)
		r = load_ids(m, &framework_table, load_framework, &m->removed_frameworks, e);
	if (!r)
		r = store_load(m->store, &update_table, load_update, m, e);
	if (!r && !known)
		store_put(m->store, &master_table, &self);
	return r;
}

static void on_written(void *ctx)
{
	struct master *m = ctx;

	master_updates_written(m, store_written(m->store));
}

static void on_full_changed(void *ctx)
{
	struct master *m = ctx;

	if (store_full(m->store))
		log_error("registry: the disk is full: no agent is admitted or removed until there "
			  "is space");
	else
		log_info("registry: there is space again");
}

static int work_dir(const struct master *m, char **ret, struct error *e)
{
	if (!strcmp(m->flags->registry, "in_memory"))
		return 0;
	*ret = m->flags->work_dir ? xstrdup(m->flags->work_dir) : state_dir_default("master");
	if (!*ret)
		return error_set(e, EINVAL,
				 "--work_dir: must be given where neither XDG_STATE_HOME nor HOME "
				 "is an absolute path");
	return 0;
}

int registry_open(struct master *m, struct error *e)
{
	struct store_options options = {
		.loop = m->loop,
		.schema = &registry_schema,
		.reserve_bytes = RESERVE_BYTES,
		.written = on_written,
		.full_changed = on_full_changed,
		.ctx = m,
	};
	autofree char *dir = NULL, *fresh = NULL;
	int r = work_dir(m, &dir, e);

	if (r)
		return r;
	if (dir)
		fresh = xasprintf("to start with an empty registry, move all its files away "
				  "together: mv %s/registry.db* \"$(mktemp -d "
				  "%s/registry.old-XXXXXX)\"; agents come back to it unless "
				  "--registry_strict is given",
				  dir, dir);
	options.dir = dir;
	options.fresh = fresh ? fresh : "";
	r = store_open(&options, &m->store, e);
	if (!r)
		r = load(m, e);
	return r ? error_wrap(e, "--work_dir") : 0;
}

void registry_close(struct master *m)
{
	store_close(take_ptr(m->store));
}

uint64_t registry_batch(const struct master *m)
{
	return store_batch(m->store);
}

void registry_wait(struct master *m, struct store_wait *w, void (*fn)(struct store_wait *w))
{
	store_wait(m->store, w, fn);
}

void registry_put_agent(const struct agent *a)
{
	struct admitted_row row = {
		.agent_id = a->info->id,
		.info = a->info,
		.registered = to_ns(a->registered_time),
		.has_registered = true,
		.unconfirmed = true,
		.has_unconfirmed = !a->confirmed,
	};

	store_put(a->master->store, &agent_table, &row);
}

void registry_delete_agent(const struct agent *a)
{
	store_delete(a->master->store, &agent_table,
		     &(struct admitted_row){ .agent_id = a->info->id });
}

void registry_agent_removed(struct master *m, const char *id, double registered_time,
			    const char *why)
{
	struct admitted_row row = {
		.agent_id = (char *)id,
		.registered = to_ns(registered_time),
		.has_registered = true,
		.removed = wall_ns(),
		.has_removed = true,
		.reason = (char *)why,
	};
	const char *oldest = idset_next_out(&m->removed_agents);

	if (oldest)
		store_delete(m->store, &agent_table,
			     &(struct admitted_row){ .agent_id = (char *)oldest });
	idset_add(&m->removed_agents, id);
	store_put(m->store, &agent_table, &row);
}

void registry_put_framework(const struct framework *f)
{
	struct known_framework_row row = {
		.framework_id = f->info->id,
		.info = f->info,
		.registered = to_ns(f->registered_time),
		.has_registered = true,
	};

	store_put(f->master->store, &framework_table, &row);
}

void registry_framework_removed(const struct framework *f)
{
	struct known_framework_row row = {
		.framework_id = f->info->id,
		.registered = to_ns(f->registered_time),
		.has_registered = true,
		.removed = wall_ns(),
		.has_removed = true,
	};
	struct master *m = f->master;
	const char *oldest = idset_next_out(&m->removed_frameworks);

	if (oldest)
		store_delete(m->store, &framework_table,
			     &(struct known_framework_row){ .framework_id = (char *)oldest });
	idset_add(&m->removed_frameworks, row.framework_id);
	store_put(m->store, &framework_table, &row);
}

void registry_put_update(struct master *m, const struct update *u)
{
	struct master_update_row row = {
		.sequence = u->sequence,
		.has_sequence = true,
		.body = u->body,
	};

	store_put(m->store, &update_table, &row);
}

void registry_delete_update(struct master *m, uint64_t sequence)
{
	struct master_update_row row = { .sequence = sequence, .has_sequence = true };

	store_delete(m->store, &update_table, &row);
}

struct store_counts registry_counts(const struct master *m)
{
	return m->store ? store_counts(m->store) : (struct store_counts){ 0 };
}

int registry_refuses_new(const struct master *m, struct error *e)
{
	if (!store_full(m->store))
		return 0;
	return error_set(e, ENOSPC,
			 "the disk of the master's registry is full: nobody new is "
			 "taken until there is space");
}

void registry_health_add(const struct master *m, struct buf *out)
{
	if (m->store && store_full(m->store))
		buf_adds(out, "The disk of the registry is full: no agent is admitted or removed "
			      "until there is space in --work_dir.");
}

static void add_info(const struct agent_info *info, struct buf *out)
{
	view_item(out);
	buf_adds(out, "{\"info\":");
	schema_encode(agent_info_schema(), info, out);
	buf_addc(out, '}');
}

/* An agent that was not told yet that it is admitted may be in it, as it may be on disk. */
void registry_add_document(const struct master *m, struct buf *out)
{
	struct recovered *r, *next_recovered;
	struct agent *a, *next_agent;

	buf_adds(out, "{\"master\":{\"info\":");
	schema_encode(master_info_schema(), &m->info, out);
	buf_adds(out, "},\"slaves\":{\"slaves\":");
	view_open(out);
	HASH_ITER(hh, m->recovered, r, next_recovered)
		add_info(r->info, out);
	HASH_ITER(hh, m->agents, a, next_agent)
		add_info(a->info, out);
	view_close(out);
	buf_adds(out, "}}");
}
