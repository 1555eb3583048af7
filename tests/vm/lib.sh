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

# q COMMAND DIRECTORY [ARGUMENT]...: project quotas by our driver, and as it would not do it: quotactl.c.
q() { "$MESOS_BUILD/tests/vm/quotactl" "$@"; }

# threads NAME [PREFIX]: the ids of those that the agent has, without those whose own names begin like this.
threads() {
	local t
	for t in "/proc/${pid[$1]}/task"/*; do
		[[ -n ${2:-} && $(<"$t/comm") == "$2"* ]] || echo "${t##*/}"
	done
}
# strace_agent NAME OPTION...: strace on each thread that the agent has, without those that $but names, until "stop strace-NAME";
# returns when it is on all.
but=''
strace_agent() {
	local name=$1 traced
	mapfile -t traced < <(threads "$name" "$but")
	spawn "strace-$name" strace "${traced[@]/#/-p}" -o "$dir/$name.trace" "${@:2}"
	eventually "$patience" attached "$name" ${#traced[@]}
}
attached() { [ "$(grep -c attached "$dir/strace-$1.log")" = "$2" ]; }

# ---- filesystems of a test's own, each on a disk that is a file in $dir

disks=()
# another_disk NAME: an empty one, which is then $disk.
another_disk() {
	rm -f "$dir/$1.img"
	truncate -s 400M "$dir/$1.img"
	disk=$(losetup -f --show "$dir/$1.img")
	disks+=("$disk")
}
# disk_with NAME COMMAND...: another, on which that was run, mounted at $dir/NAME.
disk_with() {
	another_disk "$1"
	"${@:2}" "$disk" >"$dir/mkfs.log" 2>&1 && mkdir -p "$dir/$1" && mount "$disk" "$dir/$1"
}
mounted_of_ours() {
	local d
	findmnt -rno TARGET | grep "^$dir/"
	for d in "${disks[@]}"; do findmnt -rno TARGET -S "$d"; done
}
release_disks() {
	local m
	for m in $(mounted_of_ours | sort -ru); do umount -l "$m"; done
	[ ${#disks[@]} = 0 ] || losetup -d "${disks[@]}"
	disks=()
}
# leave_guest: at_exit, when nobody holds the disks any more. A test that has more to put right does so before.
leave_guest() {
	local status=$?
	end_agents
	release_disks
	(exit "$status")
	at_exit
}
trap leave_guest EXIT
