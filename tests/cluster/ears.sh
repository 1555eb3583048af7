# shellcheck shell=bash
# A framework by hand that hears everything: each state of each task, once for each uuid; it acknowledges all of them,
# asks for what it misses, and is back after each end of the master. Its events are read only in hear_until.
# shellcheck disable=SC2034,SC2154  # offer and agent are for the tests; fd, line, task, ... come from framework.sh

declare -A want=()  # by task: the state that is to end it
declare -A ends=()  # by task: the states that ended it
declare -A heard=() # by task: the other states
declare -A seen=()  # by uuid: the task
declare -A last=()  # by task: the uuid of the state that ended it
spare=''           # OFFER AGENT that may be used
offered=()         # each offer there was

subscribe_ears() { framework ears '.failover_timeout = 1000000'; }

# An update comes again until its acknowledgement has arrived; its uuid tells that it is the same.
note() {
	[ "$uuid" = - ] || [ -z "${seen[$uuid]:-}" ] || return
	seen[$uuid]=$task
	case $state in
	TASK_FINISHED | TASK_FAILED | TASK_KILLED | TASK_LOST | TASK_ERROR)
		[[ " ${ends[$task]:-} " == *" $state "* && ($uuid = - || -z ${last[$task]:-}) ]] ||
			ends[$task]+="${ends[$task]:+ }$state"
		[ "$uuid" = - ] || last[$task]=$uuid
		;;
	*) [ "$uuid" = - ] || heard[$task]+=" $state" ;; # or it answers a question of ours
	esac
}

hear() {
	case $line in
	'{"type":"UPDATE"'*)
		IFS=$'\x1f' read -r task state uuid updated_on < <(jq -r '.update.status |
			[.task_id.value, .state, .uuid // "-", .agent_id.value // "-"] | join("\u001f")' <<<"$line")
		note
		acknowledge
		;;
	'{"type":"OFFERS"'*)
		next=$(jq -r 'first(.offers.offers[] | select(any(.resources[]; .name == "cpus" and .scalar.value >= 1))) |
			"\(.id.value) \(.agent_id.value)"' <<<"$line")
		spare=${next:-$spare} # not what one small task has left
		mapfile -t -O ${#offered[@]} offered < <(jq -r '.offers.offers[].id.value' <<<"$line")
		;;
	'{"type":"RESCIND"'*) [[ "$line" != *"\"${spare% *}\""* ]] || spare='' ;;
	esac
}

# What may have reached nobody is asked for again: nobody else will.
ask() {
	local t open=()
	for t in "${!want[@]}"; do
		[ -z "${ends[$t]:-}" ] || continue
		[ "${want[$t]}" != TASK_KILLED ] || call KILL '{"task_id":{"value":"'"$t"'"}}'
		open+=("$t")
	done
	[ ${#open[@]} = 0 ] ||
		call RECONCILE "$(printf '%s\n' "${open[@]}" | jq -Rnc '{tasks: [inputs | {task_id: {value: .}}]}')"
}

subscribe_again() {
	disconnect "$fd"
	spare=''
	framework ears ".failover_timeout = 1000000 | .id = {value: \"${ids[ears]}\"}" && ask
}

# hear_until COMMAND...: hears until it succeeds, and asks every other second.
hear_until() {
	local end=$((SECONDS + 2 * patience)) asked=$SECONDS status
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		if [ $SECONDS -gt $((asked + 1)) ]; then
			ask
			asked=$SECONDS
		fi
		receive "$fd" 0.1
		status=$?
		if [ $status = 0 ]; then
			hear
		elif [ $status -lt 128 ]; then # the master went
			subscribe_again || return
		fi
	done
	return 0 # not what the last acknowledgement came to
}

have_offer() { [ -n "$spare" ]; }
# The newest one; what was said of it since is heard first.
take_offer() {
	hear_until have_offer || return
	while receive "$fd" 0.1; do
		hear
	done
	hear_until have_offer || return
	read -r offer agent <<<"$spare"
	spare=''
}
# hush: it wants nothing for a while, so that others are offered all there is.
hush() {
	call SUPPRESS
	while receive "$fd" 0.3; do
		hear
	done
	[ ${#offered[@]} = 0 ] || decline 0 "${offered[@]}"
	offered=() spare=''
}
