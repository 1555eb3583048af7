/*
 * Whose each project id of a filesystem is: found by an agent when it starts, and by
 * `mesos-agentctl quota check`, which is to count as others' what the agent does.
 */
#pragma once

#include "lib/project_ids.h"
#include "lib/quota.h"

/*
 * A row of the agent's store; sandbox is NULL or empty where the id was given back. -EBADMSG if it
 * makes no sense.
 */
int project_owners_restore(struct project_ids *ids, uint64_t project, const char *sandbox,
			   struct error *e);

/* What a sandbox whose directory has a project is to that. */
enum project_claim {
	CLAIM_KNOWN,      /* its owner, by the rows */
	CLAIM_ADOPTED,    /* no row tells of either: it was given just before an agent was killed */
	CLAIM_NOT_OURS,   /* the project is others', or out of the range */
	CLAIM_OF_ANOTHER, /* the project is another sandbox's */
	CLAIM_MOVED,      /* it has another by the rows, and of this one they do not tell */
};
/* Of one that was adopted the id is taken from now on. path is relative to work_dir. */
enum project_claim project_owners_claim(struct project_ids *ids, const char *path, uint32_t id);

/*
 * After the rows: each_sandbox is to call project_owners_claim() for each that is there. What is
 * then in use, and not ours, is marked as foreign, of the range or not. work_dir_fd: less than 0 if
 * there is no work_dir yet. Blocks; -errno if that cannot be known.
 */
int project_owners_find(struct project_ids *ids, const struct quota *q, int work_dir_fd,
			void (*each_sandbox)(void *ctx), void *ctx, struct error *e);
