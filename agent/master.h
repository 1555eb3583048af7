/* The agent's link to its master: dial, register, answer pings, dial again. */
#pragma once

#include "agent/flags.h"
#include "lib/protocol.h"

struct agent;
struct master_link;

/* Begins to dial; verbs act on the agent. -EINVAL if --master makes no sense. */
int master_link_new(struct agent *a, struct master_link **ret, struct error *e);
void master_link_free(struct master_link *m);
/*
 * Admitted, and the connection stands. While the agent recovers there is no link: this,
 * master_send, master_queued and master_address accept NULL.
 */
bool master_registered(const struct master_link *m);
/* Sends if registered; otherwise it is dropped: what must arrive is resent by its owner. */
void master_send(struct master_link *m, enum message_type type, const void *body);
/* Says whether this agent takes new tasks. */
void master_tell_availability(struct master_link *m);
/* Bytes that wait to be sent to it. */
size_t master_queued(const struct master_link *m);
/* Says goodbye and dials no more. */
void master_unregister(struct master_link *m);
/* Why the master that was asked last does not take us, a sentence a line. */
void master_add_health(const struct master_link *m, struct buf *out);
/* The address that is dialled now; empty without a link. */
const char *master_address(const struct master_link *m);
