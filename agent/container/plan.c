/* The table of plan.def. */
#include "agent/container/plan.h"

#include "lib/schema-tables.h"
#include "agent/container/plan.def"
#include "lib/schema-end.h"
