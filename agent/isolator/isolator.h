/*
 * Isolators: one kernel mechanism, one file, one row of the table. An isolator never
 * runs inside the container: its `prepare` adds to the launch plan, which mesos-executor
 * carries out. The order of the table is the order of set-up:
 *
 *   watch -> prepare -> prepare of modules -> hand_over -> spawn -> watch
 *   loop     a job      their host            a job        loop
 *            '---- the sandbox is the agent's alone ---'
 */
#pragma once

#include "agent/container/container.h"
#include "agent/flags.h"

/* What an isolator measures: the ResourceStatistics of /monitor/statistics.json. */
#include "lib/schema-structs.h"
#include "agent/isolator/usage.def"
#include "lib/schema-end.h"

struct isolator {
	const char *name; /* as in --isolation; without one it is always on */
	const char *doc;
	const char *needs; /* others that are on whenever it is, as in --isolation; NULL: none */
	bool quota;        /* it holds containers to project quotas */
	bool scan;         /* it scans their sandboxes */
	/* At start, before anything is made but work_dir: whether it would work here. */
	int (*probe)(const struct agent_flags *flags, struct error *e);
	/*
	 * Before the supervisor exists: adds to the plan. A job: it may block, and touches
	 * nothing but its container and the plan. A failure ends the launch. What takes long looks
	 * at c->unwanted, and is -ECANCELED then.
	 */
	int (*prepare)(struct container *c, struct launch_plan *plan, struct error *e);
	/*
	 * When all have prepared the container, isolator modules too: gives to its user what is to
	 * be the user's. A job, as prepare.
	 */
	int (*hand_over)(struct container *c, const struct launch_plan *plan, struct error *e);
	/*
	 * In the loop: before prepare, after hand_over, after a change of resources, and when the
	 * container has ended.
	 */
	void (*watch)(struct container *c);
	/* In the loop: says what is known. */
	void (*usage)(const struct container *c, struct usage *ret);
};

/* Where names are looked for that are in no row. */
struct isolators_elsewhere {
	/* Takes it: 0, or ISOLATOR_UNKNOWN, or -EINVAL with e. */
	int (*select)(const char *name, void *ctx, struct error *e);
	void *ctx;
};
#define ISOLATOR_UNKNOWN 1

/*
 * The rows that --isolation names, plus those that are always on: a bit each. elsewhere may be
 * NULL.
 */
int isolators_select(const char *isolation, const struct isolators_elsewhere *elsewhere,
		     uint64_t *ret, struct error *e);

/* Each of the selected ones; stops at the first that would not work, and names it. */
int isolators_probe(uint64_t isolators, const struct agent_flags *flags, struct error *e);
/* Whether one of them measures disk, and so can hold to a limit. */
bool isolators_have_disk(uint64_t isolators);
/* Whether one of them is a disk quota isolator. */
bool isolators_have_quota(uint64_t isolators);
/* Whether one of them scans sandboxes. */
bool isolators_have_scan(uint64_t isolators);
/*
 * Each of the container's isolators in turn; prepare and hand_over stop at the first failure and
 * name it.
 */
int isolators_prepare(struct container *c, struct launch_plan *plan, struct error *e);
int isolators_hand_over(struct container *c, const struct launch_plan *plan, struct error *e);
void isolators_watch(struct container *c);
void isolators_usage(const struct container *c, struct usage *ret);
