/* One call of one function of a module. */
#pragma once

#include "lib/protocol.h"

/*
 * Does what call asks for; ret, which is zeroed, gets what comes of it. It may be given labels and
 * environment of the call, which belong to the call no more then.
 */
void answer_call(struct module_call *call, struct module_result *ret);
