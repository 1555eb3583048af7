#!/bin/bash
# How long GET /health takes while the agent scans a container with FILES files all the time, beside the same agent
# before. 50 requests per second on one connection. The goal is a median and a p99 below 10 ms. The control is a bare
# responder that is asked at the same time: what it waits too is the machine's doing, not the agent's.
#   tests/bench/health-under-scan.sh [FILES]
source "${BASH_SOURCE%/*}/common"
source "${BASH_SOURCE%/*}/../cluster/lib.sh"

files=${1:-${FILES:-$(choose 20000 200000)}}
requests=$(choose 100 1000)

# probe NAME PORT: seconds that each request took, one per line, in $dir/NAME.times.
probe() {
	curl -s --rate 50/s -o /dev/null -w '%{time_total}\n' \
		"http://127.0.0.1:$2/health?[1-$requests]" >"$dir/$1.times"
}
# probe_both NAME: the agent and the control at the same time.
probe_both() {
	probe "$1-control" "$control" &
	local beside=$!
	probe "$1" "${port[agent]}"
	wait "$beside"
}
# Milliseconds that the thread of the agent's loop could run and had no processor: proc(5), schedstat.
starved_ms() { awk '{ printf "%.1f", $2 / 1e6 }' "/proc/${pid[agent]}/task/${pid[agent]}/schedstat"; }
ms() { percentile "$2" <"$dir/$1.times" | awk '{ printf "%.2f", $1 * 1000 }'; }
row() {
	printf '%-22s %8s %8s %8s\n' "$2" "$(ms "$1" 50)" "$(ms "$1" 99)" "$(ms "$1" 100)"
}
made() { said maker 'all files are made'; }
scanned() { [ "$(metric agent slave/disk_scan_inodes | cut -d. -f1)" -ge "$((files + ${1:-0}))" ]; }

start_master
start_agent agent --container_disk_watch_interval=100ms --disk_scan_cpus=1 --resources='cpus:4;mem:4096;disk:100000'
spawn control "$MESOS_BUILD/tests/bench/responder" 0
eventually "$patience" test -s "$dir/control.out"
control=$(<"$dir/control.out")
probe_both before
execute_beside maker --resources='cpus:1;mem:64;disk:50000' --command="
	for d in \$(seq $((files / 1000))); do mkdir \$d && (cd \$d && seq 1000 | xargs touch); done
	touch done; sleep 1000"
eventually 3600 test -e "$(runs maker && sandbox agent maker)/done"
eventually 600 scanned 0
start=$(metric agent slave/disk_scan_inodes)
starved=$(starved_ms)
probe_both during
starved=$(awk "BEGIN { printf \"%.1f\", $(starved_ms) - $starved }")
end=$(metric agent slave/disk_scan_inodes)

echo "# health-under-scan: GET /health in ms; $files files, $(awk "BEGIN { printf \"%.0f\", $end - $start }") inodes scanned during $requests requests (goal < 10 ms)"
printf '%-22s %8s %8s %8s\n' agent median p99 max
row before 'nothing to scan'
row before-control '  control'
row during 'scanning all the time'
row during-control '  control'
echo "the loop's thread waited $starved ms for a processor while scanning"
