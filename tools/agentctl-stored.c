/*
 * The store says which containers there are and what they were given, their directories which
 * project is theirs, the kernel the rest.
 */
#include "tools/agentctl-stored.h"

#include <fcntl.h>
#include <uthash.h>

#include "agent/store.h"
#include "lib/disk_state.h"
#include "lib/fs.h"
#include "lib/project_owners.h"
#include "lib/quota.h"
#include "lib/resources.h"
#include "lib/task_state.h"

/* Of each container of the answer, what is no part of that. */
struct container {
	size_t index; /* in the answer */
	char *sandbox;
	struct resources resources; /* its executor's and its tasks' */
	UT_hash_handle hh;
};

struct stored {
	struct answer_quota *answer;
	struct container *containers; /* by container_id, in the order of the answer */
};

static void close_store(struct store **s)
{
	store_close(*s);
}

static struct quota_state *quota_of(const struct stored *s, const struct container *c)
{
	return &s->answer->containers[c->index];
}

static void free_containers(struct stored *s)
{
	struct container *c, *next;

	HASH_ITER(hh, s->containers, c, next) {
		HASH_DEL(s->containers, c);
		free(c->sandbox);
		resources_fini(&c->resources);
		free(c);
	}
}

char *stored_dir(const struct agentctl_flags *flags)
{
	return flags->store_dir ? xstrdup(flags->store_dir) : path_join(flags->work_dir, "meta");
}

/* ---- the store ---- */

static void add_task(struct quota_state *q, const char *id)
{
	q->task_ids = xreallocarray(q->task_ids, q->task_ids_count + 1, sizeof(*q->task_ids));
	q->task_ids[q->task_ids_count++] = xstrdup(id);
}

/* What an agent cannot read counts as nothing with it, too. */
static void give(struct container *c, const struct resource *list, size_t count)
{
	autoresources struct resources r = { 0 };
	struct error e;

	if (!resources_from_wire(list, count, &r, &e))
		resources_add(&c->resources, &r);
}

static int take_executor(void *rec, void *ctx, struct error *e unused)
{
	struct executor_row *row = rec;
	struct stored *s = ctx;
	struct container *c;
	struct quota_state *q;

	if (row->completed || str_equal(row->phase, PHASE_ENDED))
		return 0;
	c = xcalloc(1, sizeof(*c));
	c->index = s->answer->containers_count++;
	c->sandbox = take_ptr(row->sandbox);
	give(c, row->info->resources, row->info->resources_count);
	s->answer->containers = xreallocarray(s->answer->containers, s->answer->containers_count,
					      sizeof(*s->answer->containers));
	q = quota_of(s, c);
	*q = (struct quota_state){
		.limit_bytes = row->disk_override,
		.has_limit_bytes = row->has_disk_override,
		.override = row->has_disk_override,
		.has_override = row->has_disk_override,
	};
	q->container_id = take_ptr(row->container_id);
	q->framework_id = take_ptr(row->framework_id);
	q->executor_id = take_ptr(row->executor_id);
	HASH_ADD_KEYPTR(hh, s->containers, q->container_id, strlen(q->container_id), c);
	if (row->command)
		add_task(q, q->executor_id);
	return 0;
}

static int take_task(void *rec, void *ctx, struct error *e unused)
{
	const struct task_row *row = rec;
	struct stored *s = ctx;
	struct container *c = NULL;
	struct quota_state *q;

	if (!task_terminal(row->state))
		HASH_FIND_STR(s->containers, row->container_id, c);
	if (!c)
		return 0;
	give(c, row->info->resources, row->info->resources_count);
	q = quota_of(s, c);
	if (!q->task_ids_count || !str_equal(q->task_ids[0], row->task_id))
		add_task(q, row->task_id);
	return 0;
}

/* The word of an operator or of a hook is in the store already. */
static void set_limits(struct stored *s, uint64_t default_bytes)
{
	struct container *c, *next;

	HASH_ITER(hh, s->containers, c, next) {
		struct quota_state *q = quota_of(s, c);

		if (!q->override)
			q->has_limit_bytes =
				resources_disk_limit(&c->resources, default_bytes, &q->limit_bytes);
	}
}

/* live: be there an agent or not. */
static int open_copy(struct agentctl *a, bool live, struct store **ret, struct error *e)
{
	autofree char *dir = stored_dir(&a->flags);
	struct store_options o = {
		.loop = a->loop,
		.schema = &agent_store_schema,
		.dir = dir,
		.copy = true,
		.live = live,
	};

	return store_open(&o, ret, e);
}

static int read_store(struct agentctl *a, struct stored *ret, struct error *e)
{
	cleanup(close_store) struct store *store = NULL;

	if (open_copy(a, false, &store, e) ||
	    store_load(store, &executor_table, take_executor, ret, e) ||
	    store_load(store, &task_table, take_task, ret, e))
		return -e->code;
	set_limits(ret, a->flags.has_default_container_disk ? a->flags.default_container_disk : 0);
	return 0;
}

static int take_project(void *rec, void *ctx, struct error *e)
{
	const struct project_row *row = rec;

	return project_owners_restore(ctx, row->project, row->sandbox, e);
}

int stored_projects(struct agentctl *a, struct project_ids *ids, struct error *e)
{
	cleanup(close_store) struct store *store = NULL;
	int r = open_copy(a, true, &store, e);

	return r ? r : store_load(store, &project_table, take_project, ids, e);
}

/* ---- the kernel ---- */

/* The project of the directory itself; PROJECT_NONE if it is gone or has none. */
static uint32_t project_of(const char *sandbox)
{
	autofd int fd = open(sandbox, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct project p;

	return fd >= 0 && !project_get(fd, &p) ? p.id : PROJECT_NONE;
}

/*
 * What is in the store may not be in the kernel yet, or with headroom. Only the kernel may have a
 * limit where the agent was given a default on its command line.
 */
static void take_record(struct quota_state *q, const struct quota_record *r)
{
	uint64_t limit = r->limits.soft_bytes ? r->limits.soft_bytes : r->limits.hard_bytes;

	q->soft_bytes = r->limits.soft_bytes;
	q->has_soft_bytes = r->limits.soft_bytes > 0;
	q->hard_bytes = r->limits.hard_bytes;
	q->has_hard_bytes = r->limits.hard_bytes > 0;
	q->inodes_limit = r->limits.hard_inodes;
	q->has_inodes_limit = r->limits.hard_inodes > 0;
	q->used_bytes = r->bytes;
	q->inodes = r->inodes;
	q->has_used_bytes = q->has_inodes = true;
	if (!q->has_limit_bytes && limit) {
		q->limit_bytes = limit;
		q->has_limit_bytes = true;
	}
	replace_str(&q->witness, "quota");
	q->measured = wall_seconds();
	q->has_measured = q->has_age_seconds = true;
}

static int ask_kernel(struct quota_state *q, const struct quota *kernel, const char *sandbox,
		      struct error *e)
{
	struct quota_record record;
	uint32_t project = project_of(sandbox);
	int r = 0;

	if (project == PROJECT_NONE)
		return 0;
	q->project = project;
	q->has_project = true;
	replace_str(&q->filesystem, kernel->fs->name);
	r = quota_get(kernel, project, &record, e);
	if (!r)
		take_record(q, &record);
	return r;
}

static bool is_full(const struct quota_state *q, uint64_t block_bytes)
{
	const struct quota_limits limits = {
		.hard_bytes = q->hard_bytes,
		.hard_inodes = q->inodes_limit,
	};

	return quota_full(&limits, q->used_bytes, q->inodes, block_bytes);
}

static bool is_gone(const char *sandbox)
{
	return access(sandbox, F_OK) && errno == ENOENT;
}

/* The kernel holds to whole blocks, as many as the limit takes. */
static void judge(struct quota_state *q, const char *sandbox, const struct quota *kernel,
		  bool enforcing)
{
	uint64_t allowed = quota_round(q->limit_bytes, kernel->block_bytes);
	struct disk_facts f = {
		.gone = is_gone(sandbox),
		.in_vain = (q->has_hard_bytes || q->has_inodes_limit) && !enforcing,
		.limited = q->has_limit_bytes,
		.measured = q->has_used_bytes,
		.over = q->has_used_bytes && q->has_limit_bytes && q->used_bytes > allowed,
		.denied = q->has_used_bytes && is_full(q, kernel->block_bytes),
	};

	q->has_percent = q->has_used_bytes && q->has_limit_bytes && q->limit_bytes;
	if (q->has_percent)
		q->percent = 100.0 * (double)q->used_bytes / (double)allowed;
	f.near = quota_near(q->percent, q->inodes, q->inodes_limit);
	q->state = disk_state_of(&f);
	q->has_state = true;
}

/* Of each container, as far as that goes; the first reason that it does not. */
static void ask_for_all(struct agentctl *a, struct stored *s, struct buf *why)
{
	struct quota kernel = { .fd = -EBADF };
	struct error e = { 0 }, first = { 0 };
	struct quota_mode mode = { 0 };
	struct container *c, *next;

	if (quota_open(a->flags.work_dir, &kernel, &e) || quota_mode_get(&kernel, &mode, &e))
		first = e;
	HASH_ITER(hh, s->containers, c, next) {
		struct quota_state *q = quota_of(s, c);

		if (kernel.path && ask_kernel(q, &kernel, c->sandbox, &e) && !first.code)
			first = e;
		judge(q, c->sandbox, &kernel, mode.enforcing);
		s->answer->enforced |= q->has_hard_bytes;
	}
	quota_close(&kernel);
	if (first.code == EPERM)
		buf_adds(why, "only root is told what is used");
	else if (first.code)
		buf_addf(why, "what is used is not known: %s", first.text);
}

int stored_quota(struct agentctl *a, struct answer_quota *ret, struct buf *why, struct error *e)
{
	struct answer_quota answer = { .has_enforced = true };
	struct stored s = { .answer = &answer };
	int r = read_store(a, &s, e);

	if (!r)
		ask_for_all(a, &s, why);
	free_containers(&s);
	if (r)
		schema_clear(answer_quota_schema(), &answer);
	else
		*ret = answer;
	return r;
}
