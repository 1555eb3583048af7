/* In this order: a row is believed more than a name, a name more than a directory. */
#include "lib/project_owners.h"

#include "lib/project_names.h"
#include "lib/sandbox_path.h"

int project_owners_restore(struct project_ids *ids, uint64_t project, const char *sandbox,
			   struct error *e)
{
	bool taken = sandbox && *sandbox;

	if (project == PROJECT_NONE || project > PROJECT_MAX)
		return error_set(e, EBADMSG, "project %llu is none", (unsigned long long)project);
	if (taken && !sandbox_path_is(sandbox))
		return error_set(e, EBADMSG, "project %llu: '%s' is not the path of a sandbox",
				 (unsigned long long)project, sandbox);
	project_ids_restore(ids, (uint32_t)project, taken ? PROJECT_TAKEN : PROJECT_FREE,
			    taken ? sandbox : NULL);
	return 0;
}

enum project_claim project_owners_claim(struct project_ids *ids, const char *path, uint32_t id)
{
	const char *owner = project_ids_sandbox(ids, id);
	uint32_t own;

	if (owner)
		return str_equal(owner, path) ? CLAIM_KNOWN : CLAIM_OF_ANOTHER;
	if (project_ids_of(ids, path, &own))
		return CLAIM_MOVED;
	if (!project_ids_in_range(ids, id) || project_ids_use(ids, id) == PROJECT_FOREIGN)
		return CLAIM_NOT_OURS;
	project_ids_restore(ids, id, PROJECT_TAKEN, path);
	return CLAIM_ADOPTED;
}

static void leave_to_others(struct project_ids *ids, uint32_t id)
{
	if (project_ids_use(ids, id) == PROJECT_FREE)
		project_ids_restore(ids, id, PROJECT_FOREIGN, NULL);
}

/*
 * Somebody gave work_dir itself a project: what is made in it inherits that, and it is none of
 * ours.
 */
static void find_above(struct project_ids *ids, int work_dir_fd)
{
	struct project is = { .id = PROJECT_NONE };

	if (work_dir_fd >= 0 && !project_get(work_dir_fd, &is) && is.id != PROJECT_NONE)
		leave_to_others(ids, is.id);
}

/* Of what the filesystem knows and we do not, others are the owners. */
static int find_foreign(struct project_ids *ids, const struct quota *q, struct error *e)
{
	struct quota_record r;
	uint32_t id = PROJECT_NONE;
	int found;

	while (!(found = quota_next(q, id, &id, &r, e)))
		if (quota_in_use(&r))
			leave_to_others(ids, id);
	return MIN(found, 0);
}

int project_owners_find(struct project_ids *ids, const struct quota *q, int work_dir_fd,
			void (*each_sandbox)(void *ctx), void *ctx, struct error *e)
{
	find_above(ids, work_dir_fd);
	if (project_names_reserve(ids, NULL, NULL, e))
		return -e->code;
	each_sandbox(ctx);
	return find_foreign(ids, q, e);
}
