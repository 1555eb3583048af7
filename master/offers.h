/* Offers: from the allocator to frameworks, and back when nobody may answer them any more. */
#pragma once

#include "master/master.h"

/* Starts the allocator and its timers; offers_stop() undoes it, once nothing uses the allocator. */
void offers_start(struct master *m);
void offers_stop(struct master *m);
/* Somebody may want something: offers what is free at the end of this turn of the loop. */
void offers_soon(struct master *m);
/* Offers what this agent has, now. */
void offers_run_agent(struct agent *a);
/* The agent is not there any more: its offers are rescinded. */
void offers_rescind_agent(struct agent *a);
/* The framework subscribes anew on its connection: its offers are rescinded. */
void offers_rescind_framework(struct framework *f);
/* The framework is not there any more: nobody is told. */
void offers_drop_framework(struct framework *f);
/* NULL if there is none. */
struct offered *offer_find(const struct master *m, const char *id);
/* Forgets the offer; its resources were given to somebody. */
void offer_free(struct offered *o);
/* Forgets the offer; its resources are free. refuse_ns as allocator_recover() takes it. */
void offer_return(struct offered *o, int64_t refuse_ns);
