# shellcheck shell=bash
# What the sweeps of the agent and of mesos-executor share: a framework that runs three tasks and minds what it is told.
# shellcheck disable=SC2034,SC2154,SC2317  # fd, pid and others come from lib.sh and framework.sh

# By task of the point that goes on; $host is its agent.
declare -A last=()   # the state that was told last
declare -A told=()   # by uuid: task and state
declare -A killed=() # when it was asked to end
complaints=()        # what is wrong at this point
launched='' partial='' held=''
strays='' # not empty: a call has failed, and empty directories may stay

complain() { complaints+=("$*"); }

# new_tasks HOST: of the next point: one ends when $dir/go/HOST-short is there, one likewise, one is killed.
new_tasks() {
	host=$1 launched='' held='' strays=''
	last=() told=() killed=() complaints=()
}

task_json() {
	printf '{"name":"%s","task_id":{"value":"%s"},"agent_id":{"value":"%s"},"command":{"value":"%s"},"resources":%s}' \
		"$1" "$1" "$agent" "echo ran >>$dir/ran/$1; until [ -e $dir/go/$1 ]; do sleep 0.05; done" "$little"
}
little=$(scalars 'cpus:0.1;mem:32')

on_offers() {
	local offer agent of tasks
	while read -r offer agent of; do
		if [ "$of" != "$host" ] || [ -n "$launched" ]; then
			decline 3600 "$offer"
			continue
		fi
		launched=$agent
		tasks="$(task_json "$host-short"),$(task_json "$host-long"),$(task_json "$host-kill")"
		call ACCEPT '{"offer_ids":'"$(id_list "$offer")"',"filters":{"refuse_seconds":3600},"operations":[{"type":"LAUNCH","launch":{"task_infos":['"$tasks"']}}]}'
	done < <(jq -r '.offers.offers[] | "\(.id.value) \(.agent_id.value) \(.hostname)"' <<<"$line")
}

rank() {
	case $1 in
	'') echo 0 ;;
	TASK_STAGING) echo 1 ;;
	TASK_STARTING) echo 2 ;;
	TASK_RUNNING) echo 3 ;;
	*) echo 4 ;;
	esac
}
has_ended() { [ "$(rank "${last[$1]:-}")" = 4 ]; }
all_ended() { has_ended "$host-short" && has_ended "$host-long" && has_ended "$host-kill"; }
all_run() { [ "${last[$host-short]:-}${last[$host-long]:-}${last[$host-kill]:-}" = TASK_RUNNINGTASK_RUNNINGTASK_RUNNING ]; }

# field NAME VARIABLE: of $line, text or an id; - if it has none. jq would take ten times as long.
field() {
	local from=${line#*"\"$1\":"}
	if [ "$from" = "$line" ]; then from=-; fi
	from=${from#'{"value":'}
	from=${from#'"'}
	printf -v "$2" '%s' "${from%%'"'*}"
}

# What was told before may come again, with its uuid; all else must lead on.
on_update() {
	field task_id task
	field state state
	field uuid uuid
	field agent_id updated_on
	field message message
	[ "$uuid" = - ] || call ACKNOWLEDGE '{"agent_id":{"value":"'"$updated_on"'"},"task_id":{"value":"'"$task"'"},"uuid":"'"$uuid"'"}'
	[[ $task == "$host"-* ]] || return
	if [ -n "${told[$uuid]:-}" ]; then
		[ "${told[$uuid]}" = "$task $state" ] || complain "one uuid: ${told[$uuid]}, $task $state"
		return
	fi
	told[$uuid]="$task $state"
	[ "$(rank "$state")" -gt "$(rank "${last[$task]:-}")" ] || complain "$task: $state after ${last[$task]} ($message)"
	ran_first "$task" "$state"
	last[$task]=$state
}

times_run() { if [ -e "$dir/ran/$1" ]; then wc -l <"$dir/ran/$1"; else echo 0; fi; }

# ran_first TASK STATE: whether it may be in this state, by what it has done.
ran_first() {
	local ran
	ran=$(times_run "$1")
	[ "$2" != TASK_FINISHED ] || [ "$ran" = 1 ] || complain "$1: $2, and it ran $ran times"
}

# pump: takes what the master says.
pump() {
	local part
	while IFS= read -r -t 0.02 -u "$fd" part; do
		line=$partial$part partial=''
		case $line in
		'{"type":"OFFERS"'*) on_offers ;;
		'{"type":"UPDATE"'*) on_update ;;
		esac
	done
	partial+=$part
}

# end_kill: asks for the end of the third task, again while nothing comes of it.
end_kill() {
	local t=$host-kill now=${EPOCHREALTIME/[.,]/}
	[ "${last[$t]:-}" = TASK_RUNNING ] && [ $((now - ${killed[$t]:-0})) -gt 500000 ] || return 0
	killed[$t]=$now
	call KILL '{"task_id":{"value":"'"$t"'"},"agent_id":{"value":"'"$launched"'"}}'
}

# go_on: a step of the story: the second task may end once it has run, the third is killed then.
# If $held, they wait.
go_on() {
	pump
	[ -z "$held" ] || return 0
	[ "${last[$host-long]:-}" != TASK_RUNNING ] || : >"$dir/go/$host-long"
	end_kill
}

# What has been and nobody needs has left nothing: sandboxes, exit records, processes.
no_sandbox_left() { ! compgen -G "$dir/$host/work/slaves/*/${strays:+frameworks/*/executors/*/runs/}*" >/dev/null; }
no_record_left() { ! compgen -G "$dir/$host/work/meta/exits/*" >/dev/null; }
no_tasks_left() { [ -z "$(find /proc/[0-9]* -maxdepth 1 -name cwd -lname "$dir/$host/*" 2>/dev/null)" ]; }

# check_store NAME PATH: of a daemon that is not running.
check_store() {
	local found
	found=$(sqlite3 "$2" 'PRAGMA integrity_check' 2>&1)
	[ "$found" = ok ] || complain "$1: its store: $found"
}

# check_tasks [STATE]...: how the tasks may have ended that ran: these, or as they should.
check_tasks() {
	local t ran was=''
	for t in "$host"-{short,long,kill}; do
		ran=$(times_run "$t")
		[ "$ran" -le 1 ] || complain "$t: it ran $ran times"
		was=${told[*]/#/,}
		case "$t ${last[$t]:-nothing}" in
		*-kill\ TASK_KILLED | *-short\ TASK_FINISHED | *-long\ TASK_FINISHED) ;;
		*\ TASK_LOST | *\ TASK_FAILED | *\ TASK_ERROR | *\ TASK_KILLED)
			[[ " $* " == *" ${last[$t]} "* ]] && continue
			[[ $was != *"$t TASK_RUNNING"* && $ran = 0 ]] || complain "$t: ${last[$t]}, and it ran $ran times"
			;;
		*) complain "$t: ends with ${last[$t]:-nothing}" ;;
		esac
	done
	eventually 10 no_tasks_left || complain "$host: processes are left"
}
