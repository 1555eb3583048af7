/* The flags of mesos-agent: flags.def. */
#pragma once

#include "lib/schema.h"

#include "lib/schema-structs.h"
#include "agent/flags.def"
#include "lib/schema-end.h"

/* Between two looks at what is measured again and again. */
#define INTERVAL_MIN_NS NSEC_PER_MSEC
