/*
 * Agents that are to be removed because nobody hears of them, each when its turn comes:
 * the queue of master/removal_queue.h with the master's clock, log and metrics around it.
 */
#pragma once

#include "master/master.h"
#include "master/removal_queue.h"

/* Before the first request. -EINVAL: --agent_removal_rate_limit makes no sense. */
int removals_start(struct master *m, struct error *e);
void removals_stop(struct master *m);
/*
 * Asks for the removal of the agent that has this info, live or recovered, which is in the
 * queue at most once. It is never removed inside this call: a turn of the loop comes first,
 * even without a limit. Then it is agent_remove(), or for one that never came back
 * recovery_remove().
 */
void removals_request(struct master *m, const struct agent_info *info, enum removal_kind kind);
/*
 * It is heard of again, or goes for another reason: its place goes to the next. `why` is for
 * the log, "it answers again". Harmless if it is not queued.
 */
void removals_cancel(struct master *m, const char *agent_id, const char *why);
/*
 * Nothing is removed until an operator says POST /removals resume, or nobody is in the queue any
 * more; the sentence says why.
 */
void removals_hold(struct master *m, const char *sentence);
/* What an operator may do. -EINVAL, -ENOENT: see e. */
int removals_act(struct master *m, const struct removals_action *action, struct error *e);
/* GET /removals. */
void removals_add(const struct master *m, struct buf *out);
/* One sentence for /health if something needs an operator. */
void removals_health_add(const struct master *m, struct buf *out);
