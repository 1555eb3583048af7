/*
 * How a container stands with its disk, in one word: by the agent from what it has measured, and by
 * mesos-agentctl from the store and the kernel while no agent runs.
 */
#pragma once

#include "lib/protocol.h"

struct disk_facts {
	bool ended;    /* its container has */
	bool killed;   /* for its disk */
	bool gone;     /* the sandbox is */
	bool in_vain;  /* the kernel has limits of it, and enforces none */
	bool limited;  /* it has a limit of bytes of its own */
	bool measured; /* what it uses is known */
	bool over;     /* it uses more than its limit */
	bool denied;   /* the kernel refuses it more */
	bool near;     /* it uses QUOTA_NEAR_PERCENT of its limits or more */
};

enum disk_state disk_state_of(const struct disk_facts *f);
