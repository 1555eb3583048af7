/* `latest`, beside the runs of an executor: the link to the newest of them. */
#pragma once

#include "lib/error.h"

/*
 * runs is their directory. `latest` points to this run from now on; it is replaced in one step, so
 * that it is never missing. For a job.
 */
int latest_point(int runs, const char *container_id, struct error *e);
/* This run was deleted, and `latest` with it if it still points there. For a job. */
int latest_drop(int runs, const char *container_id, struct error *e);
