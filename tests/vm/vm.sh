#!/bin/bash
# A virtual machine for tests, under TCG: no KVM, no network. Whoever sources this calls vm_new once; the machine is
# then all in the directory $vm, so that another process which has $vm can talk to it too.
# shellcheck disable=SC2034  # vm_options are for vm_start's callers

vm_patience=600 # seconds that a boot or a shutdown may take on a slow, busy machine

# What the console of a sound kernel does not say.
vm_bad_news='BUG: |Oops: |Kernel panic|WARNING: CPU|general protection fault|Call Trace|UBSAN: |KASAN: |blocked for more than'
vm_bad_news+='|XFS .*(Corruption|Internal error|Metadata)|EXT4-fs error|I/O error'

# vm_new DIR IMAGE BUILD: a machine that was never started, with the disks of an image (build-image) and of a build
# (make vm-disk). Its own disks lie over the image's; it writes only to them.
vm_new() {
	local disk
	vm=$1
	mkdir -p "$vm"
	ln -s "$2" "$vm/image"
	ln -s "$3" "$vm/build.img"
	for disk in root xfs ext4; do
		qemu-img create -q -f qcow2 -b "$2/$disk.img" -F raw "$vm/$disk.qcow2" || return
	done
	: >"$vm/console"
}

# A flush of the guest brings its disk's tables from the memory of the emulator to the file and no further, and
# what was not flushed may be gone when the emulator is killed, as from the cache of a disk without power.
vm_disk() {
	printf -- '-blockdev driver=qcow2,node-name=%s,discard=unmap,file.driver=file,file.cache.no-flush=on,file.filename=%s\n' \
		"$1" "$vm/$1.qcow2"
	printf -- '-device virtio-blk-pci,drive=%s\n' "$1"
}

# vm_qemu COMMAND-LINE OPTION...: becomes the emulator.
vm_qemu() {
	local kernel="console=ttyS0 loglevel=5 panic=-1 root=/dev/vda rw mitigations=off nowatchdog"
	local disks
	mapfile -t disks < <(for disk in root xfs ext4; do vm_disk "$disk"; done | tr ' ' '\n')
	kernel+=" lsm=lockdown,capability,landlock,yama,bpf systemd.show_status=auto"
	exec qemu-system-x86_64 -accel tcg,thread=multi -cpu max -M q35 -smp 2 -m 2048 -nodefaults -no-user-config \
		-display none -nic none -no-reboot -kernel "$vm/image/vmlinuz" -initrd "$vm/image/initrd" -append "$kernel $1" \
		"${disks[@]}" -drive if=virtio,format=raw,readonly=on,file="$vm/build.img" \
		-device virtio-rng-pci -device virtio-serial-pci -chardev pipe,id=channel,path="$vm/channel" \
		-device virtserialport,chardev=channel,name=channel "${@:2}"
}

# vm_start: switches it on, and waits until it takes commands and has finished to boot. It dies with this shell.
vm_start() {
	rm -f "$vm/channel.in" "$vm/channel.out"
	mkfifo "$vm/channel.in" "$vm/channel.out" || return
	(vm_qemu '' -chardev file,id=console,append=on,path="$vm/console" -serial chardev:console </dev/null \
		>"$vm/qemu.log" 2>&1) &
	echo $! >"$vm/pid"
	vm_hears && vm_run "$vm_patience" 'systemctl is-system-running --wait' >/dev/null
}

vm_alive() { kill -0 "$(<"$vm/pid")" 2>/dev/null; }

# vm_line SECONDS: the next line of the guest, in $line; 1 when none comes, or the machine is off.
vm_line() {
	local end=$((SECONDS + $1)) part
	line=''
	until IFS= read -r -t 1 -u 9 part; do
		line+=$part
		vm_alive && [ $SECONDS -lt $end ] || return
	done
	line+=$part
}

vm_hears() {
	local line
	exec 9<>"$vm/channel.out"
	while vm_line "$vm_patience"; do
		[ "$line" != up ] || return 0
	done
	return 1
}

# vm_run SECONDS COMMAND: bash there runs it, as root; its output, both streams, is ours, and so is its exit status. That is
# 124 if it took longer, and 125 if the machine is off or does not answer.
vm_run() {
	local number=$RANDOM$RANDOM line
	exec 8<>"$vm/channel.in" 9<>"$vm/channel.out"
	printf '%s %s %q\n' "$number" "$1" "$2" >&8
	while vm_line $(($1 + 60)); do
		case $line in
		"$number="*) printf '%s\n' "${line#*=}" ;;
		"$number!"*) return "${line#*!}" ;;
		esac
	done
	return 125
}

# vm_wait [SECONDS]: until it is off, by its own doing.
vm_wait() {
	local end=$((SECONDS + ${1:-$vm_patience}))
	while vm_alive; do
		[ $SECONDS -lt $end ] || return
		sleep 0.1
	done
}

# vm_stop: shuts it down; 1 if it had to be killed.
vm_stop() {
	vm_run 60 'systemctl --no-block poweroff' && vm_wait && return
	vm_kill
	return 1
}

# vm_kill: pulls the plug.
vm_kill() {
	kill -s KILL "$(<"$vm/pid")" 2>/dev/null
	vm_wait
}

# vm_complaints OFFSET: bad news on the console from this byte on, each line once more.
vm_complaints() { tail -c "+$(($1 + 1))" "$vm/console" | tr -d '\r' | grep -E "$vm_bad_news"; }
vm_offset() { stat -c %s "$vm/console"; }
