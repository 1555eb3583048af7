#!/bin/bash
# What an agent with N containers that sleep costs: resident memory of the agent and of an executor, and the CPU time
# that the agent uses in a minute, isolators and their default intervals included.
#   tests/bench/idle-agent.sh [CONTAINERS]
source "${BASH_SOURCE%/*}/common"
source "${BASH_SOURCE%/*}/../cluster/lib.sh"

containers=${1:-$(choose 10 100)}
seconds=$(choose 3 20)

resident_kb() { awk '/^VmRSS/ { print $2 }' "/proc/$1/status"; }
private_kb() { awk '/^Private_/ { n += $2 } END { print n }' "/proc/$1/smaps_rollup"; }
# Nanoseconds on a processor, all threads: proc(5), schedstat.
cpu_ns() { cat /proc/"$1"/task/*/schedstat | awk '{ n += $1 } END { printf "%.0f", n }'; }
all_run() { [ "$(metric agent slave/tasks_running)" = "$containers" ]; }
executors() { pgrep -P "${pid[agent]}" mesos-executor; }

start_master
start_agent agent --resources="cpus:1000;mem:1000000;disk:1000000" --container_disk_watch_interval=15secs
empty=$(resident_kb "${pid[agent]}")
for i in $(seq "$containers"); do
	execute_beside "sleeper$i" --command='sleep 1000' --resources='cpus:0.1;mem:32;disk:16'
done
eventually 120 all_run

before=$(cpu_ns "${pid[agent]}")
sleep "$seconds"
after=$(cpu_ns "${pid[agent]}")

echo "# idle-agent: $containers containers that sleep; CPU time over $seconds s"
printf '%-44s %10s\n' 'agent without containers, resident KB' "$empty"
printf '%-44s %10s\n' "agent with $containers, resident KB" "$(resident_kb "${pid[agent]}")"
printf '%-44s %10s\n' 'executor, resident KB (median)' "$(for p in $(executors); do resident_kb "$p"; done | median)"
printf '%-44s %10s\n' 'executor, private KB (median)' "$(for p in $(executors); do private_kb "$p"; done | median)"
printf '%-44s %10.3f\n' 'agent, CPU seconds per minute' \
	"$(awk "BEGIN { print ($after - $before) / 1e9 * 60 / $seconds }")"
