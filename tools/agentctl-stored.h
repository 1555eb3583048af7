/* What an agent would answer, while none runs: from its store, its sandboxes and the kernel. */
#pragma once

#include "lib/project_ids.h"
#include "tools/agentctl.h"

/*
 * The containers that may still run. Nothing of the store is locked, written or made: -ENOENT if
 * there is none, -EBUSY if a process has it open. What cannot be known is left out, and why is
 * appended to why.
 */
int stored_quota(struct agentctl *a, struct answer_quota *ret, struct buf *why, struct error *e);
/*
 * What the store says of project ids, be it that an agent runs and has it open. -ENOENT if there is
 * none.
 */
int stored_projects(struct agentctl *a, struct project_ids *ids, struct error *e);
/* The directory of the store by the flags; the caller frees. */
char *stored_dir(const struct agentctl_flags *flags);
