/* Anonymous modules: they live in their host as long as that does, and nobody calls them. */
#pragma once

#include "mesos/module.h"

#define MESOS_ANONYMOUS_KIND "Anonymous"

/* The functions of one are NULL: it has create and destroy, and what threads those start. */
