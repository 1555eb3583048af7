#!/bin/bash
# How many tasks a second are launched and finished, a batch of mesos-execute at a time, without hooks and with three that decorate
# labels in the master and in the agent; the two clusters take turns. And what one call of a hook costs, the way to its process and
# back included, while one task comes after the other, so that none waits for others.
#   tests/bench/hooks.sh [BATCHES]
source "${BASH_SOURCE%/*}/common"
source "${BASH_SOURCE%/*}/../cluster/lib.sh"
source "${BASH_SOURCE%/*}/../cluster/modules.sh"

batches=${1:-$(choose 3 15)}
tasks=$(choose 4 16) # of a batch
export MESOS_LAUNCHER_DIR=$MESOS_BUILD/libexec/mesos

# cluster NAME [FLAG]...: a master NAME and an agent NAME-agent, both with these.
cluster() {
	local name=$1
	shift
	MESOS_WORK_DIR=$dir/$name spawn "$name" small_master "$bin/mesos-master" --work_dir="$dir/$name/work" "$@"
	learn_port "$name" 'listens as master@(.*):([0-9]+)'
	master=127.0.0.1:${port[$name]}
	start_agent "$name-agent" --resources='cpus:100;mem:8192' --container_disk_watch_interval=15secs "$@"
}

# alone N: so many tasks in the cluster with hooks, one by one.
alone() {
	local i
	for ((i = 0; i < $1; i++)); do
		"$bin/mesos-execute" --master="127.0.0.1:${port[three]}" --name="alone$i" --command=true \
			--resources='cpus:0.1;mem:32' >/dev/null 2>>"$dir/execute.log"
	done
}

# batch NAME: appends its tasks a second to the file NAME.
batch() {
	local start=$EPOCHREALTIME i running=()
	for ((i = 0; i < tasks; i++)); do
		"$bin/mesos-execute" --master="127.0.0.1:${port[$1]}" --name="task$i" --command=true \
			--resources='cpus:0.1;mem:32' >/dev/null 2>>"$dir/execute.log" &
		running+=($!)
	done
	wait "${running[@]}"
	awk "BEGIN { printf \"%.2f\n\", $tasks / ($EPOCHREALTIME - $start) }" >>"$dir/$1.rates"
}

# cost DAEMON FUNCTION: microseconds of one call on the average, of all three hooks.
cost() {
	get "$1" /metrics/snapshot | jq -r --arg f "/$2/seconds/" '[to_entries[] | select(.key | contains($f))] |
		(map(select(.key | endswith("/sum")).value) | add) / (map(select(.key | endswith("/count")).value) | add) * 1e6 | round'
}

three=$(modules "$(library labels "$(module org_example_labels add=a=1)" "$(module org_example_labels_2 set=b=2)" \
	"$(module org_example_labels_3 add=c=3 remove=a)")")
cluster none
cluster three --modules="$three" --hooks=org_example_labels,org_example_labels_2,org_example_labels_3
alone "$(choose 5 50)"
in_master=$(cost three master_launch_task_label_decorator) in_agent=$(cost three-agent slave_run_task_label_decorator)
for ((n = 0; n < batches; n++)); do
	batch none
	batch three
	ratio "$(tail -n 1 "$dir/three.rates")" "$(tail -n 1 "$dir/none.rates")" >>"$dir/ratios"
	echo >>"$dir/ratios"
done
echo "# hooks: tasks a second, $batches batches of $tasks mesos-execute at once"
printf '%-36s %8s\n' '' median
printf '%-36s %8s\n' 'without hooks' "$(median <"$dir/none.rates")"
printf '%-36s %8s\n' 'three in master and agent' "$(median <"$dir/three.rates")"
printf '%-36s %8s\n' 'three / none' "$(grep . "$dir/ratios" | median)"
echo '# microseconds of one call'
printf '%-36s %8s\n' master_launch_task_label_decorator "$in_master"
printf '%-36s %8s\n' slave_run_task_label_decorator "$in_agent"
