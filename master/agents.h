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
/* Gone for good: its tasks are lost, its offers void. It is told why; NULL: it asked itself. */
void agent_remove(struct agent *a, const char *why);
/* Its connection is gone, or is about to go: nothing is offered until it is back. */
void agent_disconnected(struct agent *a);
/* Registered or back: tells it, offers what it has. */
void agent_welcome(struct agent *a);
/* What it says of itself has to make sense. Takes info's contents; has an id. NULL: see e. */
struct agent *agent_new(struct master *m, struct agent_info *info, struct error *e);
/* It came back, perhaps with another name, address or size. Takes info's contents. */
int agent_refresh(struct agent *a, struct agent_info *info, struct error *e);
