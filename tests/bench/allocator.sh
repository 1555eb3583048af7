#!/bin/bash
# How long the allocator's decisions take, beside its twin that sorts everybody again for each agent.
source "${BASH_SOURCE%/*}/common"

"${MESOS_BUILD:?names the build tree}/tests/bench/allocator" ${short:+short}
