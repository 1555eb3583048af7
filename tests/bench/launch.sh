#!/bin/bash
# How long a task takes from its mesos-execute to TASK_RUNNING and to TASK_FINISHED, one after the other on an idle
# cluster: subscribing, the offer and the container are in it. Beside it, the same shell without a cluster.
#   tests/bench/launch.sh [TASKS]
source "${BASH_SOURCE%/*}/common"
source "${BASH_SOURCE%/*}/../cluster/lib.sh"

tasks=${1:-$(choose 10 50)}

# Milliseconds since $EPOCHREALTIME was $1.
since() { awk "BEGIN { printf \"%.2f\n\", ($EPOCHREALTIME - $1) * 1000 }"; }

# one NAME: appends to running and finished.
one() {
	local start=$EPOCHREALTIME update
	"$bin/mesos-execute" --master="$master" --name="$1" --command=true --resources='cpus:0.1;mem:32' 2>>"$dir/execute.log" |
		while read -r update; do
			case $update in
			*'update TASK_RUNNING '*) since "$start" >>"$dir/running" ;;
			*'update TASK_FINISHED '*) since "$start" >>"$dir/finished" ;;
			esac
		done
}
shell() {
	local start=$EPOCHREALTIME
	sh -c true
	since "$start" >>"$dir/shell"
}
row() {
	printf '%-28s %8s %8s %8s\n' "$2" "$(percentile 50 <"$dir/$1")" "$(percentile 99 <"$dir/$1")" \
		"$(percentile 100 <"$dir/$1")"
}

start_master
start_agent agent --container_disk_watch_interval=15secs
for i in $(seq "$tasks"); do
	one "task$i"
	shell
done
echo "# launch: ms from the start of mesos-execute, $tasks tasks one by one"
printf '%-28s %8s %8s %8s\n' until median p99 max
row running TASK_RUNNING
row finished TASK_FINISHED
row shell 'sh -c true, without a cluster'
