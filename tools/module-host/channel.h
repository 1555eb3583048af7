/* What the host says to its daemon. */
#pragma once

#include "lib/protocol.h"

/*
 * Sends it; any thread may. If the daemon is gone nobody hears it: whoever reads calls finds their
 * end.
 */
void channel_tell(enum message_type type, const void *body);
/*
 * The daemon has closed its end: nothing is said any more but what a module has for the log, by
 * standard error.
 */
void channel_hung_up(void);
/* A line for the log, of a function of this module; NULL: of none. */
void channel_log(const char *module, const char *text);
