/*
 * The store says which containers there are, their directories which project is theirs, the kernel
 * the rest.
 */
#include "tools/agentctl-stored.h"

#include <fcntl.h>

#include "agent/store.h"
#include "lib/disk_state.h"
#include "lib/fs.h"
#include "lib/quota.h"
#include "lib/task_state.h"

struct stored {
	struct answer_quota *answer;
	char **sandboxes; /* of each container of it */
};

static void close_store(struct store **s)
{
	store_close(*s);
}

static void free_sandboxes(struct stored *s)
{
	for (size_t i = 0; i < s->answer->containers_count; i++)
		free(s->sandboxes[i]);
	free(s->sandboxes);
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

static int take_executor(void *rec, void *ctx, struct error *e unused)
{
	struct executor_row *row = rec;
	struct stored *s = ctx;
	size_t n = s->answer->containers_count;
	struct quota_state *q;

	if (row->completed || str_equal(row->phase, PHASE_ENDED))
		return 0;
	s->answer->containers = xreallocarray(s->answer->containers, n + 1, sizeof(*q));
	s->sandboxes = xreallocarray(s->sandboxes, n + 1, sizeof(*s->sandboxes));
	s->answer->containers_count = n + 1;
	s->sandboxes[n] = take_ptr(row->sandbox);
	q = &s->answer->containers[n];
	*q = (struct quota_state){
		.limit_bytes = row->disk_override,
		.has_limit_bytes = row->has_disk_override,
		.override = row->has_disk_override,
		.has_override = row->has_disk_override,
	};
	q->container_id = take_ptr(row->container_id);
	q->framework_id = take_ptr(row->framework_id);
	q->executor_id = take_ptr(row->executor_id);
	if (row->command)
		add_task(q, q->executor_id);
	return 0;
}

static int take_task(void *rec, void *ctx, struct error *e unused)
{
	const struct task_row *row = rec;
	struct stored *s = ctx;

	if (task_terminal(row->state))
		return 0;
	for (size_t i = 0; i < s->answer->containers_count; i++) {
		struct quota_state *q = &s->answer->containers[i];

		if (str_equal(q->container_id, row->container_id) &&
		    !(q->task_ids_count && str_equal(q->task_ids[0], row->task_id)))
			add_task(q, row->task_id);
	}
	return 0;
}

static int read_store(struct agentctl *a, struct stored *ret, struct error *e)
{
	autofree char *dir = stored_dir(&a->flags);
	struct store_options o = {
		.loop = a->loop,
		.schema = &agent_store_schema,
		.dir = dir,
		.copy = true,
	};
	cleanup(close_store) struct store *store = NULL;
	int r = store_open(&o, &store, e);

	if (!r)
		r = store_load(store, &executor_table, take_executor, ret, e);
	return r ? r : store_load(store, &task_table, take_task, ret, e);
}

/* ---- the kernel ---- */

/* The project of the directory itself; PROJECT_NONE if it is gone or has none. */
static uint32_t project_of(const char *sandbox)
{
	autofd int fd = open(sandbox, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct project p;

	return fd >= 0 && !project_get(fd, &p) ? p.id : PROJECT_NONE;
}

/* What was set by an operator may be in the store and not in the kernel yet. */
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

static bool is_near(const struct quota_state *q)
{
	return q->percent >= QUOTA_NEAR_PERCENT || quota_files_near(q->inodes, q->inodes_limit);
}

static bool is_gone(const char *sandbox)
{
	return access(sandbox, F_OK) && errno == ENOENT;
}

/* The kernel holds to whole blocks, as many as the limit takes. */
static void judge(struct quota_state *q, const char *sandbox, const struct quota *kernel,
		  bool enforcing)
{
	uint64_t allowed = kernel->path ? quota_round(kernel, q->limit_bytes) : q->limit_bytes;
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
	f.near = is_near(q);
	q->state = disk_state_of(&f);
	q->has_state = true;
}

/* Of each container, as far as that goes; the first reason that it does not. */
static void ask_for_all(struct agentctl *a, struct stored *s, struct buf *why)
{
	struct quota kernel = { .fd = -EBADF };
	struct error e = { 0 }, first = { 0 };
	struct quota_mode mode = { 0 };

	if (quota_open(a->flags.work_dir, &kernel, &e) || quota_mode_get(&kernel, &mode, &e))
		first = e;
	for (size_t i = 0; i < s->answer->containers_count; i++) {
		struct quota_state *q = &s->answer->containers[i];

		if (kernel.path && ask_kernel(q, &kernel, s->sandboxes[i], &e) && !first.code)
			first = e;
		judge(q, s->sandboxes[i], &kernel, mode.enforcing);
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
	free_sandboxes(&s);
	if (r)
		schema_clear(answer_quota_schema(), &answer);
	else
		*ret = answer;
	return r;
}
