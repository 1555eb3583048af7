/*
 * The rows of the agent's store (rows.def), and the tables that they are in. What is in them:
 * save.h writes it, recover.h reads it.
 */
#pragma once

#include "lib/protocol.h"
#include "lib/store.h"

#include "lib/schema-structs.h"
#include "agent/rows.def"
#include "lib/schema-end.h"

/* executor_row.phase. Of what is preparing nothing has ever run; what is held may have. */
#define PHASE_PREPARING "preparing"
#define PHASE_HELD      "held"
#define PHASE_RUNNING   "running"
#define PHASE_ENDED     "ended"

extern const struct store_table agent_table, framework_table, executor_table, task_table,
	update_table, garbage_table, project_table;
extern const struct store_schema agent_store_schema;
