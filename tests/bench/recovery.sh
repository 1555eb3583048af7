#!/bin/bash
# How long an agent with N containers takes to find them all again after it was killed, and to be back at the master: from
# its start to its re-registration, wall and CPU time, in rounds. Beside it, in the same run: the time that a bare reading
# of the same rows and of proc(5) takes, sqlite3 and one stat file for each process; and what it took to launch them.
#   tests/bench/recovery.sh [CONTAINERS]
source "${BASH_SOURCE%/*}/common"
source "${BASH_SOURCE%/*}/../cluster/lib.sh"
source "${BASH_SOURCE%/*}/../cluster/framework.sh"

containers=${1:-$(choose 30 500)}
rounds=$(choose 2 7)

# Milliseconds since $EPOCHREALTIME was $1.
since() { awk "BEGIN { printf \"%.1f\n\", ($EPOCHREALTIME - $1) * 1000 }"; }
# Milliseconds on a processor, all threads, those of the executors not: proc(5), schedstat.
cpu_ms() { cat /proc/"$1"/task/*/schedstat | awk '{ n += $1 } END { printf "%.1f\n", n / 1e6 }'; }
counts() { answers "$1" /metrics/snapshot "$2"; }
run_again() { counts agent '."slave/tasks_running" == '"$containers"' and ."slave/registered" == 1'; }
bare() {
	local start=$EPOCHREALTIME
	sqlite3 -readonly "$dir/agent.copy/agent.db" 'SELECT * FROM executors; SELECT * FROM tasks; SELECT * FROM updates' >"$dir/rows"
	cat /proc/[0-9]*/stat >"$dir/stats" 2>/dev/null || :
	since "$start"
}
# The agent is down: its database is nobody's.
copy_store() {
	rm -rf "$dir/agent.copy"
	cp -r "$dir/agent/work/meta" "$dir/agent.copy"
}
recover() {
	local start=$EPOCHREALTIME
	start_agent agent --resources="$resources"
	since "$start" >>"$dir/back"
	cpu_ms "${pid[agent]}" >>"$dir/back.cpu"
	eventually "$patience" run_again
}

resources='cpus:1000;mem:1000000;disk:1000000'
start_master
start_agent agent --resources="$resources"
framework launcher '.failover_timeout = 1000'
next_offer
start=$EPOCHREALTIME
launch "$(for i in $(seq "$containers"); do echo "$i"; done | jq -Rc --arg agent "$agent" '{name: ., task_id: {value: .}, agent_id: {value: $agent},
	command: {value: "exec sleep 1000"}, resources: [{name: "cpus", type: "SCALAR", scalar: {value: 0.1}}, {name: "mem", type: "SCALAR", scalar: {value: 32}}]}')"
eventually 300 counts agent '."slave/tasks_running" == '"$containers"
launched=$(since "$start")

for _ in $(seq "$rounds"); do
	stop agent KILL 2>/dev/null || :
	copy_store
	bare >>"$dir/bare"
	recover
	ratio "$(tail -n 1 "$dir/back")" "$(tail -n 1 "$dir/bare")" >>"$dir/ratios"
	echo >>"$dir/ratios"
done
echo "# recovery: ms until an agent with $containers containers is registered again after kill -9; $rounds round(s)"
printf '%-52s %10.1f\n' 'from its start until it is registered' "$(median <"$dir/back")"
printf '%-52s %10.1f\n' '  of this on a processor' "$(median <"$dir/back.cpu")"
printf '%-52s %10.1f\n' 'sqlite3 reads the rows, cat all of /proc/PID/stat' "$(median <"$dir/bare")"
printf '%-52s %10.2f\n' '  ratio to it' "$(grep . "$dir/ratios" | median)"
printf '%-52s %10.1f\n' "launching them" "$launched"
