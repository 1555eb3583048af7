/*
 * Frameworks that are being removed: out of the books already, but no agent is told to end what
 * it runs of them before the row is on disk. Else a crash could bring the framework back, without
 * its tasks.
 */
#pragma once

#include "master/master.h"

/* The row of the framework's removal was just put. */
void ending_start(struct master *m, const char *framework_id);
/*
 * The agent has something of a framework that was removed: it is told to end it, at once, or when
 * the row is on disk if it is still connected then.
 */
void ending_tell(struct agent *a, const char *framework_id);
/* At the end of the master: nobody is told. */
void endings_free(struct master *m);
