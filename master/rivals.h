/*
 * Two agents with one id: a node was copied with its store. Each would throw out the other for
 * ever, with what was launched meanwhile; so the first stays as long as it answers.
 */
#pragma once

#include "lib/peer.h"

struct agent;
struct master;

/* How long the first has to show that it lives: then whoever knocks again takes its place. */
#define RIVAL_ANSWER_NS (5 * NSEC_PER_SEC)

/* Part of struct agent. */
struct rivalry {
	char *instance;   /* of the process that is connected; NULL: it did not say */
	int64_t asked_ns; /* when it was last asked because of another; 0: never */
	bool answered;    /* since then */
	char *rival;      /* hostname and address of the other; NULL: none was met */
	int64_t rival_ns; /* when it last knocked */
};

/*
 * Whether this process may speak for the agent: 0, or -EBUSY with what its operator should know. It
 * is to come back then: the one that is there is asked meanwhile.
 */
int rivals_check(struct agent *a, const char *instance, const char *hostname, struct peer *p,
		 struct error *e);
/* This process speaks for it from now on; instance may be NULL. */
void rivals_attach(struct agent *a, const char *instance);
void rivals_answered(struct agent *a);
void rivals_fini(struct rivalry *r);
/* Those that were met in the last minute. */
void rivals_health_add(const struct master *m, struct buf *out);
