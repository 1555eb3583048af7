#!/bin/bash
# Status updates a second, end to end: custom executor, agent (on disk), master, framework, and its acknowledgement the
# whole way back. Many tasks have an update under way each, so that those which arrive together share one fsync; beside it
# one task alone, whose every update waits for an fsync of its own, and what the disk does with nothing else.
#   tests/bench/durable-updates.sh [ROUNDS]
source "${BASH_SOURCE%/*}/common"
source "${BASH_SOURCE%/*}/../cluster/lib.sh"

rounds=${1:-$(choose 1 5)}
seconds=$(choose 0.5 3)
many=256

# measure NAME TASKS
measure() {
	rm -f "$dir/fifo"
	USER=$(id -un) "$MESOS_BUILD/tests/bench/updates" "${port[master]}" "$2" "$seconds" "$dir/fifo" >>"$dir/$1.rates"
	eventually "$patience" answers agent /metrics/snapshot '."slave/executors_running" == 0'
}
# fsyncs a second on the same disk, of one block each.
fsyncs() {
	local n=$((${seconds%.*} * 500 + 100)) start=$EPOCHREALTIME
	dd if=/dev/zero of="$dir/block" bs=4k count="$n" oflag=dsync status=none
	awk "BEGIN { printf \"%.1f\n\", $n / ($EPOCHREALTIME - $start) }" >>"$dir/disk.rates"
}

start_master
start_agent agent --resources='cpus:1000;mem:100000;disk:10000'
for _ in $(seq "$rounds"); do
	measure one 1
	measure many $many
	fsyncs
	ratio "$(tail -n 1 "$dir/many.rates")" "$(tail -n 1 "$dir/one.rates")" >>"$dir/ratios"
	echo >>"$dir/ratios"
done
echo "# durable-updates: status updates acknowledged a second, on disk before anybody hears of them; $rounds round(s) of $seconds s"
printf '%-44s %10.0f\n' "$many tasks: group commit" "$(median <"$dir/many.rates")"
printf '%-44s %10.0f\n' 'one task: an fsync for each' "$(median <"$dir/one.rates")"
printf '%-44s %10.0f\n' 'the disk alone: writes of 4 KB with fsync' "$(median <"$dir/disk.rates")"
printf '%-44s %10.1f\n' 'ratio of the first two' "$(grep . "$dir/ratios" | median)"
