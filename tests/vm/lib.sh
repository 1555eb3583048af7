#!/bin/bash
# What the tests in the guest share: all of tests/cluster/lib.sh, where $dir lies on the XFS with project quotas,
# or on what TMPDIR says (/srv/ext4).
TMPDIR=${TMPDIR:-/srv/xfs}
own_network=no # systemd's is that of the guest
# shellcheck source=tests/cluster/lib.sh
. "${BASH_SOURCE[0]%/*}/../cluster/lib.sh"
# shellcheck disable=SC2034 # for what comes from there
patience=300 # an emulated machine is slow, and its host may be busy
modprobe loop # for filesystems in files: nobody else asks for it
