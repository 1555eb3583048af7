/* What mesos-agentctl asks over the agent's local socket. */
#pragma once

#include "lib/peer.h"

extern const struct peer_protocol operator_protocol;
