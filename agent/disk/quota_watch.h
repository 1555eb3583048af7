/*
 * The witness that can stop a writer: the project quota of a sandbox. Its limits are in the kernel
 * before the container begins; a check tells the kernel of new ones, reads what is charged, and
 * sees whether the sandbox still belongs to its project.
 */
#pragma once

#include "agent/disk/checks.h"
#include "agent/disk/projects.h"

struct quota_watch {
	struct disk_watch watch;
	struct projects *projects;
	const char *sandbox;        /* below work_dir; the owner's */
	uint32_t project;           /* PROJECT_NONE: it has none yet */
	struct quota_limits limits; /* what it is to be held to */
	bool suspected;             /* a scan found what is not of its project */
	struct warnings *warnings;  /* NULL: the kernel is not heard */

	uint32_t remembered; /* the loop's: the project that it has by the store */

	bool lacks_id;  /* the loop's: none was free at its last check */
	bool elsewhere; /* the loop's: its sandbox is on another filesystem than work_dir */

	/* the loop's: what the kernel said of it may not have been heard */
	bool missed;  /* and no check has begun since */
	bool unheard; /* the check that runs, or was the last, has begun since */

	/* the loop's: the kernel refused it more */
	bool refused_since_check;      /* and no check has begun since */
	bool refused_before_check;     /* the check that runs has begun since */
	bool refused_under_old_limits; /* that may have been for limits which were others */

	/* the job's */
	struct quota_limits applying;
	int64_t put_back_due_ns, advance_due_ns; /* no walk through all of it for that before */
	bool none_free;                          /* no id: it is tried again at each check */
	uint64_t doubtful_bytes; /* more than this is believed only when it is seen twice */
	struct quota_record record;
	uint64_t counted; /* of record.bytes, without what is doubted or preallocated */
	bool doubted; /* it was above its limit: the next check finds out what of that is its own */
	bool strayed; /* some of it was of another project: all that is is to be put back */
	uint64_t put_back; /* files and directories, which is not told yet */
	bool rest;         /* not all could be put into the project yet: rest_why */
	bool rest_told;    /* the loop's: the same, as of the last check */
	struct error rest_why;
	bool changed;    /* the kernel was given other limits */
	bool unfinished; /* another check is to follow at once */
	bool undecided;  /* or at advance_due_ns: what it has in advance changed meanwhile */
};

extern const struct disk_method quota_method;

/*
 * Gives the sandbox its project and its limits, in this order: the id, the limits, the label of all
 * that is in it. A job; before the container begins. What failed half-way, or was cancelled
 * (-ECANCELED), is repeated by calling it again.
 */
int quota_watch_establish(struct quota_watch *q, int dirfd, const atomic_bool *cancel,
			  struct error *e);
/* The kernel has refused it more. */
void quota_watch_refused(struct quota_watch *q);
/*
 * After a check: whether the kernel has refused it more and would again, by the limits that it has
 * now and what the check has found. Each time once.
 */
bool quota_watch_take_refusal(struct quota_watch *q);
/*
 * What the kernel has said of it since the last check may not have been heard: the next one tells
 * what it finds by itself.
 */
void quota_watch_missed(struct quota_watch *q);
/* The next check puts back into the project whatever is not of it. */
void quota_watch_suspect(struct quota_watch *q);
/* It is to be held to other limits than when the check began that runs, or was the last. */
bool quota_watch_has_new_limits(const struct quota_watch *q);
/*
 * Begins to check; q->watch is set as disk_watch_start() says. Of a container that was found again
 * (no project yet) it asks the filesystem, and blocks.
 */
void quota_watch_start(struct quota_watch *q, struct disk_checks *c);
