/* Frameworks: subscribing, disconnecting, coming back, going; and what they call for. */
#pragma once

#include "master/master.h"

/* What a framework may say: language CALL. */
extern const struct peer_protocol framework_protocol;

/* NULL if there is none. */
struct framework *framework_find(const struct master *m, const char *id);
/* True if it was here and may not come back. */
bool framework_removed(const struct master *m, const char *id);
/*
 * The same for one that others tell of: an agent that runs its tasks. It is removed if it does
 * not subscribe within its failover timeout, or --agent_reregister_timeout if that is longer or
 * none of its tasks is left. It is not in the registry before it subscribes: agents can invent ids.
 */
struct framework *framework_adopt(struct master *m, struct framework_info *info);
/*
 * The same for one of the registry. registered_time: when it subscribed to an earlier master,
 * seconds since 1970; 0: it was adopted there.
 */
void framework_restore(struct master *m, struct framework_info *info, double registered_time);
/* Forgets it, telling nobody: at the end of the master, when its tasks and offers are gone. */
void framework_free(struct framework *f);
/* Sends an event if it is connected. */
void framework_send(struct framework *f, enum message_type type, const void *body);
/*
 * Whose call this is: NULL, with an ERROR sent, if its framework_id says something
 * else. Counts the message.
 */
struct framework *framework_calling(struct peer *p, const struct message *m);
