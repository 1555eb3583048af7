/*
 * Where a sandbox lies below --work_dir, as in Mesos:
 * slaves/AGENT/frameworks/FRAMEWORK/executors/EXECUTOR/runs/CONTAINER.
 */
#pragma once

#include "lib/base.h"

#define SANDBOX_PATH_PARTS 8
#define SANDBOX_PATH_AGENT 1 /* the index of AGENT */
#define SANDBOX_PATH_RUN   7 /* and of CONTAINER */
/* A run that is being deleted has this before its id. */
#define SANDBOX_PATH_GONE ".gone-"

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
/* To be freed. */
char *sandbox_path_make(const char *agent, const char *framework, const char *executor,
			const char *container);
