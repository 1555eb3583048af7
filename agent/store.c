/* The tables of the agent's store. A release that adds to rows.def counts the version up. */
#include "agent/store.h"

#include "lib/schema-tables.h"
#include "agent/rows.def"
#include "lib/schema-end.h"

const struct store_table agent_table = { "agent", agent_row_schema, 1 };
const struct store_table framework_table = { "frameworks", framework_row_schema, 1 };
const struct store_table executor_table = { "executors", executor_row_schema, 1 };
const struct store_table task_table = { "tasks", task_row_schema, 3 };
const struct store_table update_table = { "updates", update_row_schema, 1 };
const struct store_table garbage_table = { "garbage", garbage_row_schema, 1 };
const struct store_table project_table = { "projects", project_row_schema, 1 };

static const struct store_table *const tables[] = {
	&agent_table,  &framework_table, &executor_table, &task_table,
	&update_table, &garbage_table,   &project_table,  NULL,
};

const struct store_schema agent_store_schema = {
	.name = "agent",
	.version = 2,
	.oldest_reader = 1,
	.tables = tables,
};
