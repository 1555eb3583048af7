/*
 * What the agent has to know, and the way to tell it, whichever agent that is: when it goes, the
 * supervisor dials the same socket until one is there, and says everything again. The outcome is
 * on disk before it is said.
 */
#pragma once

#include "agent/container/plan.h"
#include "agent/executor/link.h"

#define NEVER INT64_MAX

struct contact {
	const struct launch_plan *plan;
	struct link link;
	struct buf facts; /* lines, in the order in which they came to be */
	int record;       /* where the outcome goes; -EBADF: nowhere */
	bool greeted;     /* the agent's HELLO is here, on this connection */
	bool refused;     /* but it said ERROR since, before the connection had settled */
	bool concluded;   /* the last fact is FAILED or EXITED */
	bool durable;     /* and it is on disk */
	bool taken;       /* and the agent has read it */
	bool mourned;     /* standard error has it that the agent is gone */
	bool complained;  /* and why it does not want us */
	bool gave_up;
	/* Monotonic, or NEVER. */
	int64_t retry_at;
	int64_t settle_at;
	int64_t give_up_at; /* of no meaning while the agent is there */
	int64_t pause_ns;   /* before the next attempt but one */
};

/* Connects and says HELLO; waits while the agent's backlog is full. The plan is the caller's. */
int contact_open(struct contact *c, struct error *e);
/* Harmless for one that is zeroed, but with a record and a link of -EBADF. */
void contact_fini(struct contact *c);
/* Makes the record, if the plan has one. */
int contact_keep_record(struct contact *c, struct error *e);
/* A new fact: said now if the agent is there, and after each HELLO of one. */
void contact_say(struct contact *c, enum message_type type, const void *body);
/* The last fact, FAILED or EXITED. Should it not get on disk, standard error says so. */
void contact_conclude(struct contact *c, enum message_type type, const void *body);
/* Sends all facts to whoever is there. */
void contact_repeat(struct contact *c);
/* The agent said HELLO and is understood: it is told all facts. */
void contact_greeted(struct contact *c);
/* The agent said ERROR. */
void contact_refused(struct contact *c, const char *text);
/* The connection is of no use any more; why is what link_read() or link_next() returned. */
void contact_lost(struct contact *c, int why, const struct error *e);
/* When contact_tick() or contact_give_up() has something to do; NEVER: an event comes first. */
int64_t contact_next(const struct contact *c);
/* Dials if it is time to. */
void contact_tick(struct contact *c, int64_t now);
/* True once: the agent has been gone for the plan's recovery_timeout. */
bool contact_give_up(struct contact *c, int64_t now);
/* How long to stay, nothing being alive any more, for the agent to take the facts. */
int64_t contact_farewell(const struct contact *c, int64_t now);
