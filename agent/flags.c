/* The table of flags.def. */
#include "agent/flags.h"

#include "lib/schema-tables.h"
#include "agent/flags.def"
#include "lib/schema-end.h"
