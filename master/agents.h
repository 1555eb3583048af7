/* Agents: registering, being pinged, disconnecting, coming back, going; and what they report. */
#pragma once

#include "master/master.h"

/* What an agent may say: language AGENT. */
extern const struct peer_protocol agent_protocol;

/* NULL if there is none. */
struct agent *agent_find(const struct master *m, const char *id);
/* True if it was here and may not come back. */
bool agent_removed(const struct master *m, const char *id);
/* Drops it with its executors, telling nobody; its tasks and offers are gone already. */
void agent_free(struct agent *a);
/* Sends a message if it is registered and connected. */
void agent_send(struct agent *a, enum message_type type, const void *body);
/* "slave(1)@10.0.0.7:5051": the caller frees. */
char *agent_pid(const struct agent *a);
/* Whether it has a task of this framework. */
bool agent_runs(const struct agent *a, const struct framework *f);
void agent_shutdown_framework(struct agent *a, const char *framework_id);
/*
 * Whether what the master knows of this agent's tasks may be incomplete, so that nothing can be
 * said of a task that is not in the books: it is expected back since the master's start, has not
 * told of all that it runs, or is being removed; or, without --registry_strict and while agents are
 * expected back, nobody knows it. id NULL: whether there is any such agent, or may be.
 */
bool agent_transitional(const struct master *m, const char *id);
/*
 * Gone for good: its tasks are lost, its offers void, and it is in the books no more. Once that is
 * on disk frameworks are told, and the agent why; NULL: it asked itself.
 */
void agent_remove(struct agent *a, const char *why);
/* Whether frameworks may have of it what is free. */
bool agent_offered(const struct agent *a);
/*
 * Offers what it has, or takes that back: whatever changed of active, late and unavailable.
 */
void agent_reconsider(struct agent *a);
/* Its connection is gone, or is about to go: nothing is offered until it is back. */
void agent_disconnected(struct agent *a);
/*
 * Registered or back: once its row is on disk and it has told of all that it runs, it hears so, and
 * what it has is offered.
 */
void agent_welcome(struct agent *a);
/* It is new in the registry: not welcome before its row is on disk. */
void agent_admit(struct agent *a);
/*
 * It begins to tell of what it runs, or is done with that. It may take --agent_reregister_timeout:
 * then its connection is closed, and it has to connect anew.
 */
void agent_set_listing(struct agent *a, bool listing);
/* One sentence for /health while there are any that took longer. */
void agents_health_add(const struct master *m, struct buf *out);
/* What it says of itself has to make sense. Takes info's contents; has an id. NULL: see e. */
struct agent *agent_new(struct master *m, struct agent_info *info, struct error *e);
/* It came back, perhaps with another name, address or size. Takes info's contents. */
int agent_refresh(struct agent *a, struct agent_info *info, struct error *e);
