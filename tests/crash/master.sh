# shellcheck shell=bash
# The sweep of the master: a framework and two agents by hand. One agent answers pings; the other runs a task, does not
# answer, and is removed. live: from the first start; recovery: over the registry of a master that was killed.
# shellcheck disable=SC2034,SC2154,SC2317  # pid, port and others come from lib.sh

master_phases='live recovery'
master_calls='fsync fdatasync pwrite64 ftruncate fallocate rename renameat renameat2 unlink unlinkat'

# What was told, by name: framework, answers, silent.
declare -A open=() rest=() known=()
declare -A gone=() # heard: somebody was told that it was removed; yes: and it has come anew since; told: so was it
declare -A first=() # by task: its end that was told first, as "STATE UUID"
declare -A again=() # by task: it was told again
over=''             # the framework was torn down
subscribed=''       # on the connection that is open
asked=0             # when reconciliation was asked for

master_command() {
	small_master "$@" --port="${port[master]}" --work_dir="$dir/$host" --agent_ping_timeout=300ms --max_agent_ping_timeouts=2 \
		--status_update_retry_interval_min=100ms --status_update_retry_interval_max=400ms
}

say() { [ -z "${open[$1]:-}" ] || send "${open[$1]}" "$2"; }
# of_us TYPE: how a call of the framework begins.
of_us() { printf '{"type":"%s","framework_id":{"value":"%s"},' "$1" "${known[framework]}"; }

framework_info() { printf '{"user":"root","name":"f","failover_timeout":1000%s}' "${known[framework]:+,\"id\":{\"value\":\"${known[framework]}\"\}}"; }

# enter NAME: on a new connection.
enter() {
	local id=${known[$1]:-}
	[ -z "${gone[$1]:-}" ] || gone[$1]=yes
	connect master 2>/dev/null || return
	open[$1]=$fd rest[$1]=''
	if [ "$1" = framework ]; then
		say framework '{"type":"HELLO","hello":{"role":"framework"}}'
		say framework '{"type":"SUBSCRIBE","subscribe":{"framework_info":'"$(framework_info)"'}}'
		return
	fi
	say "$1" '{"type":"HELLO","hello":{"role":"agent"}}'
	local as=${id:+RE}REGISTER_AGENT
	say "$1" '{"type":"'"$as"'","'"${as,,}"'":{"agent":{"hostname":"'"$1"'",'"${id:+\"id\":{\"value\":\"$id\"\},}"'"resources":'"$room"'}}}'
	[ -n "$id" ] || return 0
	if [ -n "${known[task]:-}" ] && [ "$1" = silent ]; then
		say silent '{"type":"REREGISTER_TASK","reregister_task":{"framework":'"$(framework_info)"',"task":{"name":"lost","state":"TASK_RUNNING","task_id":{"value":"lost"},"framework_id":{"value":"'"${known[framework]}"'"},"agent_id":{"value":"'"$id"'"},"resources":'"$little"'}}}'
	fi
	say "$1" '{"type":"REREGISTERED_TASKS"}'
}
room=$(scalars 'cpus:1;mem:512')

leave() {
	[ "$1" != framework ] || subscribed=''
	[ -n "${open[$1]:-}" ] || return 0
	disconnect "${open[$1]}"
	unset "open[$1]"
}
leave_all() {
	local name
	for name in framework answers silent; do leave "$name"; done
}

# learn NAME ID: of what the master calls it.
learn() {
	[ "${known[$1]:-$2}" = "$2" ] || complain "$1: was ${known[$1]}, is $2"
	# On a connection from before this may have been said first, and only be read now.
	[ "${gone[$1]:-heard}" = heard ] || complain "$1: it was removed, and is there again"
	known[$1]=$2
}

on_master_offers() {
	local offer agent of
	while read -r offer agent of; do
		if [ "$of" != silent ] || [ -n "$launched" ]; then
			say framework "$(of_us DECLINE)"'"decline":{"offer_ids":[{"value":"'"$offer"'"}],"filters":{"refuse_seconds":3600}}}'
			continue
		fi
		launched=$agent
		say framework "$(of_us ACCEPT)"'"accept":{"offer_ids":[{"value":"'"$offer"'"}],"filters":{"refuse_seconds":3600},"operations":[{"type":"LAUNCH","launch":{"task_infos":['"$(task_json lost),$(little=[] task_json wrong)"']}}]}}'
	done < <(jq -r '.offers.offers[] | "\(.id.value) \(.agent_id.value) \(.hostname)"' <<<"$line")
}

# An end is acknowledged when it comes for the second time; only reconciliation tells of one without uuid, once.
on_master_update() {
	local task state uuid agent
	field task_id task
	field state state
	field uuid uuid
	field agent_id agent
	[ "$(rank "$state")" = 4 ] || return 0
	if [ -z "${first[$task]:-}" ]; then
		first[$task]="$state $uuid"
		[ "$uuid" != - ] || again[$task]=1
		return
	fi
	[ "${first[$task]%% *}" = "$state" ] || complain "$task: $state after ${first[$task]}"
	[ "$uuid" != - ] || return
	[ "${first[$task]#* }" = "$uuid" ] || [ "${first[$task]#* }" = - ] || complain "$task: $state with another uuid"
	again[$task]=1
	say framework "$(of_us ACKNOWLEDGE)"'"acknowledge":{"agent_id":{"value":"'"$agent"'"},"task_id":{"value":"'"$task"'"},"uuid":"'"$uuid"'"}}'
}

# on_master_line NAME
on_master_line() {
	local it
	case $line in
	'{"type":"SUBSCRIBED"'*)
		field framework_id it
		learn framework "$it"
		subscribed=1
		;;
	'{"type":"OFFERS"'*) on_master_offers ;;
	'{"type":"UPDATE"'*) on_master_update ;;
	'{"type":"FAILURE"'*)
		field agent_id it
		[ "$it" != "${known[silent]:-}" ] || gone[silent]=heard
		[ "$it" != "${known[answers]:-}" ] || gone[answers]=heard
		;;
	'{"type":"ERROR"'*) [[ $1 = framework && $line == *'has been removed'* ]] && over=1 && gone[framework]=yes ;;
	'{"type":"AGENT_REGISTERED"'*)
		field agent_id it
		learn "$1" "$it"
		;;
	'{"type":"SHUTDOWN_AGENT"'*) gone[$1]=told ;;
	'{"type":"PING"'*) [ "$1" = silent ] || say "$1" "${line//PING/PONG}" ;;
	'{"type":"RUN_TASK"'*) known[task]=1 ;;
	esac
}

# hear NAME: what was said to it; who is told to go does not come again.
hear() {
	local part r
	[ -n "${open[$1]:-}" ] || [ "${gone[$1]:-}" = told ] || enter "$1"
	[ -n "${open[$1]:-}" ] || return 0
	while :; do
		IFS= read -r -t 0.02 -u "${open[$1]}" part
		r=$?
		[ $r = 0 ] || break
		line=${rest[$1]}$part rest[$1]=''
		line=${line/\"ping\"/\"pong\"}
		on_master_line "$1"
	done
	rest[$1]+=$part
	[ $r -gt 128 ] || leave "$1" # it is closed
}

# A task that was launched by a master that remembers nothing of it: nobody tells of its end unasked.
ask_for_tasks() {
	local now=${EPOCHREALTIME/[.,]/} t ids=''
	[ -n "$launched" ] && [ -n "${open[framework]:-}" ] && [ $((now - asked)) -gt 700000 ] || return 0
	asked=$now
	for t in lost wrong; do
		[ -n "${first[$t]:-}" ] || ids+=${ids:+,}'{"task_id":{"value":"'"$t"'"},"agent_id":{"value":"'"$launched"'"}}'
	done
	[ -z "$ids" ] || say framework "$(of_us RECONCILE)"'"reconcile":{"tasks":['"$ids"']}}'
}

ends_are_known() { [ -n "${again[lost]:-}" ] && [ -n "${again[wrong]:-}" ] && [ -n "${known[answers]:-}" ] && [ -n "${gone[silent]:-}" ]; }
first_is_known() { [ -n "${first[wrong]:-}" ]; }
# It asks for that once on each connection.
is_over() {
	[ -z "$subscribed" ] || say framework '{"type":"TEARDOWN","framework_id":{"value":"'"${known[framework]}"'"}}'
	subscribed=''
	[ -n "$over" ]
}
is_refused() { [ "${gone[silent]:-}" = told ]; }

# master_until CONDITION: as agent_until.
master_until() {
	local end=$((SECONDS + patience)) name
	status=''
	until "$@"; do
		for name in framework answers silent; do hear "$name"; done
		ask_for_tasks
		if ended master; then
			finish master 2>/dev/null
			leave_all
			return
		fi
		if [ $SECONDS -ge $end ]; then
			complain "it does not come to '$*': known ${!known[*]}, gone ${!gone[*]}, ends ${first[*]}"
			return
		fi
	done
}

# start_again NAME...: the same master once more; all connect anew.
start_again() {
	leave_all
	spawn master master_command "$@" "$bin/mesos-master"
	eventually "$patience" logged_or_ended master 'listens as'
}

# story: what is left of it, until the framework is torn down.
story() {
	master_until ends_are_known
	[ -z "$status" ] || return
	master_until is_over # closed, entered again, refused
}

# master_point PHASE HOW CALL N: sets $hit and the complaints.
master_point() {
	new_tasks "m$((++points_tried))"
	rest=() known=() gone=() first=() again=() over='' hit=''
	port[master]=$master_port
	strace=()
	if [ "$1" = recovery ]; then
		start_again
		master_until first_is_known
		{ stop master KILL; } 2>/dev/null
		lengthen_log "$dir/$host/registry.db"
	fi
	put_under_strace "$2" "$3" "$4" -f
	start_again "${strace[@]}"
	story
	[ -n "$status" ] || stop master
	was_hit "$2" master && hit=1
	if [ -n "$hit" ]; then
		may_end "$2" "$3" master
		start_again
		story
		[ -z "$status" ] || complain "the master after it ends with $status"
		stop master
	fi
	[ "$status" = 0 ] || complain "exit status $status"
	check_store master "$dir/$host/registry.db"
	is_remembered
}

# What was told holds for the next master as well.
is_remembered() {
	local rows
	rows=$(sqlite3 "$dir/$host/registry.db" 'SELECT count(*) FROM updates')
	[ "$rows" = 0 ] || complain "updates in the registry: $rows"
	gone[silent]=yes
	start_again
	master_until is_refused
	stop master
}

master_begin() { master_port=$(free_ports 0); }
master_done() { leave_all; }
