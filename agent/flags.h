/* The flags of mesos-agent: flags.def. */
#pragma once

#include "lib/schema.h"

#include "lib/schema-structs.h"
#include "agent/flags.def"
#include "lib/schema-end.h"
