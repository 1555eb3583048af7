/* What a call of a module comes to: the words of its failure, its lines in the log. */
#pragma once

#include "lib/error.h"

/* Before each call of a function of this module, whose name stays: nothing has failed. */
void reply_begin(const char *module);
/* What mesos_fail() was last told; NULL: nothing. */
const char *reply_failure(void);
