/*
 * Each agent is pinged, whether it is connected or not. One that misses a ping is late: it is
 * offered to nobody until it is heard of. One that misses too many is to be removed
 * (removals.h), and pinged still.
 */
#pragma once

#include "master/master.h"

void pings_start(struct agent *a);
void pings_stop(struct agent *a);
/*
 * It answered, connected again, or tells of what it runs (it is not pinged then): all is
 * forgiven, a removal that waits is cancelled.
 */
void pings_heard(struct agent *a);
/* An operator cancelled its removal: it has its time once more, though it is late still. */
void pings_forgive(struct agent *a);
