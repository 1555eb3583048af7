# shellcheck shell=bash
# Disks that are full, and disks that take for ever.
# shellcheck disable=SC2154  # dir, pid and others come from lib.sh

# small_disk SIZE: a file system of its own at $disk, which cleanup unmounts.
small_disk() {
	need_root
	disk=$dir/disk
	mkdir "$disk"
	truncate -s "$1" "$dir/image"
	mkfs.ext4 -q -m 0 "$dir/image" || skip_all 'needs mkfs.ext4'
	mount -o loop "$dir/image" "$disk" 2>/dev/null || skip_all 'needs a loop device'
	trap unmount_at_exit EXIT
}
# shellcheck disable=SC2317  # called by the trap
unmount_at_exit() {
	local status=$?
	end_agents
	umount -l "$disk"
	(exit "$status")
	at_exit
}
fill() {
	dd if=/dev/zero bs=64k >>"$disk/filler" 2>/dev/null
	dd if=/dev/zero bs=512 >>"$disk/filler" 2>/dev/null
}
make_room() { rm "$disk/filler"; }

# hold_disk NAME: nothing more that this daemon writes is on a disk, until release_disk. What it starts is not held.
hold_disk() {
	local threads=() t
	for t in "/proc/${pid[$1]}/task"/*; do
		threads+=(-p "${t##*/}")
	done
	spawn strace strace "${threads[@]}" -o "$dir/held" -e trace=fsync,fdatasync -e inject=fsync,fdatasync:delay_enter=3600s
	# shellcheck disable=SC2317  # called by eventually
	attached() { [ "$(grep -c attached "$dir/strace.log")" = "$((${#threads[@]} / 2))" ]; }
	eventually "$patience" attached
}
# held: it waits for its disk.
held() { grep -qE 'f(data)?sync\(' "$dir/held"; }
release_disk() { stop strace; }
