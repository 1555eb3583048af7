/* quota check: what it has found so far, and the part of it that is about the agent's flags. */
#pragma once

#include "lib/quota.h"
#include "tools/agentctl.h"

#include "lib/schema-structs.h"
#include "tools/agentctl-check.def"
#include "lib/schema-end.h"

void check_add(struct check_findings *all, const char *check, bool blocks, const char *what,
	       const char *mend);

/*
 * What these flags lack for an agent that holds containers to quotas, on the filesystem of work_dir
 * (closed: that could not be opened), where so many projects are others'. False: none of them is
 * set, and what is lacking is only worth knowing.
 */
bool configured_check(const struct agentctl_flags *flags, const struct quota *quota,
		      uint64_t others, struct check_findings *all);
