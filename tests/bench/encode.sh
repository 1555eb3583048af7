#!/bin/bash
# How long 10 MB of state.json take to encode, beside jansson's trees.
#   tests/bench/encode.sh [ROUNDS]
source "${BASH_SOURCE%/*}/common"

"${MESOS_BUILD:?names the build tree}/tests/bench/encode" "${1:-$(choose 3 11)}"
