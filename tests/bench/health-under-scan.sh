#!/bin/bash
# How long GET /health takes while the agent scans a container with FILES files all the time, beside the same agent
# before. 50 requests per second on one connection. The goal is a median and a p99 below 10 ms.
#   tests/bench/health-under-scan.sh [FILES]
source "${BASH_SOURCE%/*}/common"
source "${BASH_SOURCE%/*}/../cluster/lib.sh"

files=${1:-${FILES:-$(choose 20000 200000)}}
requests=$(choose 100 1000)

# probe NAME: seconds that each request took, one per line, in $dir/NAME.times.
probe() {
	curl -s --rate 50/s -o /dev/null -w '%{time_total}\n' \
		"http://127.0.0.1:${port[agent]}/health?[1-$requests]" >"$dir/$1.times"
}
ms() { percentile "$2" <"$dir/$1.times" | awk '{ printf "%.2f", $1 * 1000 }'; }
row() {
	printf '%-22s %8s %8s %8s\n' "$2" "$(ms "$1" 50)" "$(ms "$1" 99)" "$(ms "$1" 100)"
}
made() { said maker 'all files are made'; }
scanned() { [ "$(metric agent slave/disk_scan_inodes | cut -d. -f1)" -ge "$((files + ${1:-0}))" ]; }

start_master
start_agent agent --container_disk_watch_interval=100ms --disk_scan_cpus=1 --resources='cpus:4;mem:4096;disk:100000'
probe before
execute_beside maker --resources='cpus:1;mem:64;disk:50000' --command="
	for d in \$(seq $((files / 1000))); do mkdir \$d && (cd \$d && seq 1000 | xargs touch); done
	touch done; sleep 1000"
eventually 600 test -e "$(runs maker && sandbox agent maker)/done"
eventually 60 scanned 0
start=$(metric agent slave/disk_scan_inodes)
probe during
end=$(metric agent slave/disk_scan_inodes)

echo "# health-under-scan: GET /health in ms; $files files, $(awk "BEGIN { printf \"%.0f\", $end - $start }") inodes scanned during $requests requests (goal < 10 ms)"
printf '%-22s %8s %8s %8s\n' agent median p99 max
row before 'nothing to scan'
row during 'scanning all the time'
