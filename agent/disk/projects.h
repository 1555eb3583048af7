/*
 * The project quotas of work_dir: its filesystem, and which project id is whose. A sandbox is given
 * an id when it is made. The id is free again once the sandbox is gone and nothing is charged to it
 * any more: a file that was moved away or is still open may outlive its sandbox. Ids are in the
 * store.
 */
#pragma once

#include <systemd/sd-event.h>

#include "agent/disk/enforcement.h"
#include "agent/store.h"
#include "lib/project_ids.h"
#include "lib/quota.h"
#include "lib/work.h"

struct projects;

struct projects_options {
	sd_event *loop;
	struct work_pool *pool;
	struct store *store;
	const char *work_dir;
	int work_dir_fd;       /* the caller's, open as long as projects live */
	char *const *agent_id; /* its directory stays when it is empty; gc.h */
	const char *range;     /* --xfs_project_range */
	bool enforced;         /* the kernel is to hold somebody to a limit */
	/*
	 * Between two looks: at what is still charged to orphaned ids, and whether limits are
	 * enforced.
	 */
	int64_t interval_ns;
	/* Ids have become free, in the loop. May be NULL. */
	void (*freed)(void *ctx);
	void *ctx;
};

/*
 * The options are copied, save their strings. -EOPNOTSUPP, -EINVAL, as quota_open() and
 * project_ids_new() say.
 */
int projects_new(const struct projects_options *o, struct projects **ret, struct error *e);
/* What its jobs do is cut short. NULL is accepted. */
void projects_stop(struct projects *p);
/* After the pool was freed. NULL is accepted. */
void projects_free(struct projects *p);
const struct quota *projects_quota(const struct projects *p);
struct enforcement *projects_enforcement(struct projects *p);

/* A row of project_table, for store_load(). -EBADMSG if it makes no sense. */
int projects_restore(struct projects *p, const struct project_row *row, struct error *e);
/*
 * At start, after the rows: of sandboxes that these do not know reads the ids from their
 * directories, and finds the ids that the filesystem, /etc/projid or /etc/projects know and that
 * are not ours. What is in the project of another sandbox, or of others, is put into its own from
 * then on, be its container dead or alive. Blocks.
 */
int projects_recover(struct projects *p, struct error *e);

/*
 * The project of a sandbox, for a job: the one that it was given, or else one that is free, to
 * which nothing is charged (fresh). sandbox is its path below work_dir. -ENOSPC with the numbers if
 * none is free.
 */
int projects_take(struct projects *p, const char *sandbox, uint32_t *ret, bool *ret_fresh,
		  struct error *e);
/* A fresh one could not be looked at any further: it is as if it had not been taken. For a job. */
void projects_untake(struct projects *p, uint32_t id);
/*
 * A fresh one turned out to be somebody else's as well, as of another agent that gives out the same
 * ids: it is not given out any more. For a job.
 */
void projects_leave_to_others(struct projects *p, uint32_t id);
/* The sandbox has its project: puts the row. In the loop. */
void projects_taken(struct projects *p, uint32_t id);
/* The sandbox was deleted: its id is free soon. */
void projects_gone(struct projects *p, const char *sandbox);
/* An id that was orphaned a moment ago is still being looked at. */
bool projects_freeing(const struct projects *p);
struct project_counts projects_counts(struct projects *p);
