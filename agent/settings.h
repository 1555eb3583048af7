/*
 * Limits that operators set (`mesos-agentctl quota set`): answered once they are in the store and
 * the kernel holds the container to them, or that this takes longer than whoever asks will wait.
 */
#pragma once

#include "agent/agent.h"

void settings_set_quota(struct agent *a, struct peer *p, const struct query_set_quota *q);
/*
 * A hook gives the executor, whose container runs, another limit: as if an operator had, but nobody
 * waits.
 */
void settings_override_disk(struct executor *x, const struct disk_override *o);
/* An operator's limit for it is not in the store yet. */
bool settings_pending(const struct executor *x);
/*
 * The limits of this container are in force; why: or not, for this reason. Without a container it
 * has ended.
 */
void settings_applied(struct executor *x, const char *why);
/* The disk of the store is full: what is not in it by now is refused, and was never in force. */
void settings_store_full(struct agent *a);
/* Whoever asked over this connection (NULL: anybody) hears no answer any more. */
void settings_forget(struct agent *a, const struct peer *p);
