/*
 * Where a sandbox lies below --work_dir, as in Mesos:
 * slaves/AGENT/frameworks/FRAMEWORK/executors/EXECUTOR/runs/CONTAINER.
 */
#pragma once

#include "lib/base.h"

#define SANDBOX_PATH_PARTS 8
#define SANDBOX_PATH_AGENT 1 /* the index of AGENT */
#define SANDBOX_PATH_RUN   7 /* and of CONTAINER */

struct sandbox_path {
	char *text; /* what the parts are in */
	const char *part[SANDBOX_PATH_PARTS];
};
/* -EINVAL if it is no such path; what it is made of is then freed. */
int sandbox_path_parse(const char *path, struct sandbox_path *ret);
bool sandbox_path_is(const char *path);
void sandbox_path_fini(struct sandbox_path *p);
/* The fixed name at this depth, or NULL where any may stand. */
const char *sandbox_path_fixed(unsigned depth);
/* The name of a run that is being deleted, by its id; the caller frees. */
char *sandbox_path_gone(const char *id);
/* The id of a run, by its name; *gone: it is being deleted. */
const char *sandbox_path_id(const char *name, bool *gone);
/* To be freed. */
char *sandbox_path_make(const char *agent, const char *framework, const char *executor,
			const char *container);
