/*
 * What the master remembers over its own end: the rows of registry.def, in lib/store.
 * Nothing is promised to anybody before its row is on disk: registry_wait(). In memory with
 * --registry=in_memory; all else is the same then.
 */
#pragma once

#include "lib/store.h"
#include "lib/updates.h"
#include "master/master.h"

#include "lib/schema-structs.h"
#include "master/registry.def"
#include "lib/schema-end.h"

/* The tables, for tests of what is in them. */
extern const struct store_table master_table, agent_table, framework_table, update_table;
extern const struct store_schema registry_schema;

/*
 * Opens m->store and loads it: agents into m->recovered and m->removed_agents, frameworks by
 * framework_restore() and into m->removed_frameworks, updates by
 * master_updates_restore(). What these need is there already; nobody is connected yet.
 */
int registry_open(struct master *m, struct error *e);
/* Writes what waits. The waits are cancelled before. */
void registry_close(struct master *m);

/* The batch that is gathered now: what a row put in this turn of the loop is in. */
uint64_t registry_batch(const struct master *m);
/* Calls fn, once, when all that was put so far is on disk: store_wait(). */
void registry_wait(struct master *m, struct store_wait *w, void (*fn)(struct store_wait *w));

/* The agent is admitted, or says something else of itself than before. */
void registry_put_agent(const struct agent *a);
/* It was never told that it is admitted, and is gone. */
void registry_delete_agent(const struct agent *a);
/* The agent is removed for good: its id is remembered in m->removed_agents, too. */
void registry_agent_removed(struct master *m, const char *id, double registered_time,
			    const char *why);

/* It subscribed, for the first time or with another framework_info. */
void registry_put_framework(const struct framework *f);
/* It is removed for good: its id is remembered in m->removed_frameworks, where nobody else adds. */
void registry_framework_removed(const struct framework *f);

/* An update that the master made, and the end of it. */
void registry_put_update(struct master *m, const struct update *u);
void registry_delete_update(struct master *m, uint64_t sequence);

/* All zero before registry_open(). */
struct store_counts registry_counts(const struct master *m);
/*
 * 0, or -ENOSPC with a sentence for whoever is not known yet: the disk is full, and what waits for
 * it in memory has to stay small.
 */
int registry_refuses_new(const struct master *m, struct error *e);
/* Appends a sentence for /health if the disk is full, so that nothing can be promised. */
void registry_health_add(const struct master *m, struct buf *out);
/* Mesos's document: {"master":{"info":{...}},"slaves":{"slaves":[{"info":{...}},...]}} */
void registry_add_document(const struct master *m, struct buf *out);
