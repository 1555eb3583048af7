#!/bin/bash
# A machine for tests, emulated by TCG: no KVM, no network. All of it is in the directory $vm, so that
# every process that has $vm can use it; its disks lie over those of $vm_image (build-image) and $vm_build (make build/vm/build.img).
# shellcheck disable=SC2154 # what the environment gives

vm_patience=600 # seconds that a boot or a shutdown may take on a slow, busy machine
vm_grace=60     # seconds after which a command that has to end by now means that nobody answers

# What the console of a sound kernel does not say.
vm_bad_news='BUG: |Oops: |Kernel panic|WARNING: CPU|general protection fault|Call Trace|UBSAN: |blocked for more than'
vm_bad_news+='|XFS .*(Corruption|Internal error|Metadata)|EXT4-fs error|I/O error'

# vm_new: one that was never started; what there was is gone.
vm_new() {
	local disk
	vm_kill
	rm -rf "$vm"
	mkdir -p "$vm" || return
	for disk in root xfs ext4; do
		qemu-img create -q -f qcow2 -b "$vm_image/$disk.img" -F raw "$vm/$disk.qcow2" || return
	done
	: >"$vm/console"
}

# A flush of the guest brings its disk's tables from the memory of the emulator to the file, and no further. What was not
# flushed may be gone when the emulator is killed, as from the cache of a disk that loses its power.
vm_disk() {
	printf '%s\n' -blockdev "driver=qcow2,node-name=$1,discard=unmap,file.driver=file,file.filename=$vm/$1.qcow2,file.cache.no-flush=on" \
		-device "virtio-blk-pci,drive=$1"
}

# vm_qemu COMMAND-LINE OPTION...: becomes the emulator.
vm_qemu() {
	local disks kernel="console=ttyS0 loglevel=5 panic=-1 mitigations=off nowatchdog cryptomgr.notests"
	kernel+=" root=/dev/vda rootfstype=ext4 rw init=/usr/lib/vm/init systemd.show_status=auto"
	kernel+=" lsm=lockdown,capability,landlock,yama,bpf"
	kernel+=" norandmaps" # the emulator translates code once for each address that it is at: to begin a program takes a third
	mapfile -t disks < <(vm_disk root && vm_disk xfs && vm_disk ext4)
	rm -f "$vm/channel.in" "$vm/channel.out"
	mkfifo "$vm/channel.in" "$vm/channel.out" || exit
	exec qemu-system-x86_64 -accel tcg,thread=multi -cpu Nehalem -M q35 -smp 2 -m "${VM_MEMORY:-2G}" -nodefaults -no-user-config \
		-display none -nic none -no-reboot -kernel "$vm_image/vmlinuz" -initrd "$vm_image/initrd" -append "$kernel $1" \
		"${disks[@]}" -drive if=virtio,format=raw,readonly=on,file="$vm_build" \
		-device virtio-serial-pci -device virtserialport,chardev=channel,name=channel \
		-chardev pipe,id=channel,path="$vm/channel" "${@:2}"
}

# vm_start: switches it on and waits until it has booted; 1 if that fails, or leaves units failed.
vm_start() {
	rm -f "$vm/channel.out"
	vm_qemu '' -chardev file,id=console,append=on,path="$vm/console" -serial chardev:console \
		</dev/null >"$vm/qemu.log" 2>&1 &
	echo "$! $(vm_began $!)" >"$vm/pid"
	disown # bash would tell of each that is killed
	vm_hears && vm_run "$vm_patience" 'systemctl is-system-running --wait' >/dev/null
}

# vm_began PID: when that process began, in ticks (proc_pid_stat(5)); nothing if it has ended.
vm_began() { awk '{ sub(/.*\) /, ""); if ($1 !~ /[ZX]/) print $20 }' "/proc/$1/stat" 2>/dev/null; }

# vm_alive: whether it is on. Once it has gone off by itself, its number may be that of a stranger, who began later.
vm_alive() {
	local number began
	{ read -r number began <"$vm/pid"; } 2>/dev/null && [ -n "$began" ] && [ "$(vm_began "$number")" = "$began" ]
}

# vm_signal NAME: to the emulator.
vm_signal() {
	local number
	vm_alive && read -r number _ <"$vm/pid" && kill -s "$1" "$number"
}

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

# vm_hears: whether it comes to take commands.
vm_hears() {
	local line
	until [ -p "$vm/channel.out" ]; do
		vm_alive || return
		sleep 0.1
	done
	exec 9<>"$vm/channel.out"
	while vm_line "$vm_patience"; do
		[ "$line" != up ] || return 0
	done
	return 1
}

# vm_run SECONDS COMMAND: bash there runs it, as root; its output, both streams, is ours, and so is its exit status. That is
# 124 if it took longer, and 125 if the machine is off or does not answer. One at a time; what it leaves in the background
# must not hold its output.
vm_run() {
	local number=$RANDOM$RANDOM line
	vm_alive || return 125
	exec 8<>"$vm/channel.in" 9<>"$vm/channel.out"
	printf '%s %s %q\n' "$number" "$1" "$2"$'\n' >&8 # so it ends in a quote: its reader strips blanks
	while vm_line $(($1 + vm_grace)); do
		case $line in
		"$number="*) printf '%s\n' "${line#*=}" ;;
		"$number!"*) return "${line#*!}" ;;
		esac
	done
	return 125
}

# vm_wait: until it is off, by its own doing.
vm_wait() {
	local end=$((SECONDS + vm_patience))
	while vm_alive; do
		[ $SECONDS -lt $end ] || return
		sleep 0.1
	done
}

# vm_stop: shuts it down; 1 if it had to be killed.
vm_stop() {
	if vm_run "$vm_grace" 'systemctl --no-block poweroff' || ! vm_alive; then # it may be off before its answer came
		vm_wait && return
	fi
	vm_kill
	return 1
}

# vm_kill: pulls the plug.
vm_kill() {
	vm_signal KILL 2>/dev/null
	vm_wait
}

# vm_complaints OFFSET: bad news on the console from this byte on. vm_offset: how far it has come.
vm_complaints() { tail -c "+$(($1 + 1))" "$vm/console" | tr -d '\r' | grep -E "$vm_bad_news"; }
vm_offset() { stat -c %s "$vm/console"; }

# vm_last_words: the end of the console, as diagnostics of TAP.
vm_last_words() {
	echo '# ---- the end of the console'
	tail -n 40 "$vm/console" "$vm/qemu.log" | tr -d '\r' | sed 's/^/# /'
}
