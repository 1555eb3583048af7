# shellcheck shell=bash
# Frameworks by hand, for the tests of the master: each has a name, calls go out on the current one's connection.
# shellcheck disable=SC2034,SC2119,SC2120,SC2154  # offer, agent, state, ... are for the tests; fd and line come from lib.sh

declare -A fds=() ids=() offers=()
anyone='{"user":"'$(id -un)'","name":"test"}' # a FrameworkInfo

# as NAME: makes it the current one: $fd and $framework_id are its own.
as() { fd=${fds[$1]} framework_id=${ids[$1]:-}; }

# knock NAME [FILTER]: connects and says SUBSCRIBE; FILTER (of jq) changes the FrameworkInfo.
knock() {
	local info
	info=$(jq -c "${2:-.}" <<<"$anyone")
	connect master
	fds[$1]=$fd
	offers[$fd]=''
	hello "$fd" framework
	send "$fd" '{"type":"SUBSCRIBE","subscribe":{"framework_info":'"$info"'}}'
}

# framework NAME [FILTER]: the same, until it is subscribed; it is the current one then.
framework() {
	knock "$@"
	receive_type "$fd" SUBSCRIBED || return
	ids[$1]=$(jq -r .subscribed.framework_id.value <<<"$line")
	as "$1"
}

# call TYPE [BODY]. After TEARDOWN what it had is free: the next framework is not offered what is left of it first.
call() {
	local body=${2:+,\"${1,,}\":$2}
	send "$fd" '{"type":"'"$1"'","framework_id":{"value":"'"$framework_id"'"}'"$body}" || return
	[ "$1" != TEARDOWN ] || closed "$fd"
}

# await TYPE [SECONDS]: the next event of this type, in $line. Offers that come before it are kept for next_offer.
await() {
	local end=$((SECONDS + ${2:-$patience})) type
	while [ $SECONDS -lt $end ] && receive "$fd" $((end - SECONDS)); do
		type=${line#'{"type":"'}
		type=${type%%'"'*}
		[ "$type" = "$1" ] && return
		[ "$type" = OFFERS ] && offers[$fd]+=$line$'\n'
		[ "$type" = RESCIND ] && forget_offer "$(jq -r .rescind.offer_id.value <<<"$line")"
	done
	return 1
}

forget_offer() {
	local left
	left=$(grep -vF "\"$1\"" <<<"${offers[$fd]:-}")
	offers[$fd]=${left:+$left$'\n'}
}

# id_list ID...: as JSON
id_list() { printf '%s\n' "$@" | jq -Rnc '[inputs | {value: .}]'; }

# next_offer [SECONDS]: of the current framework; $line is the event, $offer and $agent its first offer's.
next_offer() {
	local kept=${offers[$fd]:-}
	line=${kept%%$'\n'*}
	offers[$fd]=${kept#*$'\n'}
	[ -n "$line" ] || await OFFERS "$@" || return
	read -r offer agent < <(jq -r '.offers.offers[0] | "\(.id.value) \(.agent_id.value)"' <<<"$line")
}

# offer_with RESOURCE: the next one that has some of it.
offer_with() {
	next_offer || return
	read -r offer agent < <(jq -r --arg r "$1" 'first(.offers.offers[] | select(any(.resources[]; .name == $r))) |
		"\(.id.value) \(.agent_id.value)"' <<<"$line") || offer_with "$1"
}

# large_offer CPUS: the next one that has so many; what a framework before this one gives back comes piece by piece.
large_offer() {
	local end=$((SECONDS + patience))
	while [ $SECONDS -lt $end ] && next_offer; do
		jq -e --argjson cpus "$1" '[.offers.offers[0].resources[] | select(.name == "cpus") | .scalar.value] | add >= $cpus' <<<"$line" >/dev/null && return
		decline 0 "$offer"
	done
	return 1
}

# decline SECONDS OFFER...
decline() { call DECLINE '{"offer_ids":'"$(id_list "${@:2}")"',"filters":{"refuse_seconds":'"$1"'}}'; }

# scalars TEXT: as in --resources, in the shape of the protocol.
scalars() {
	jq -cn --arg t "$1" '[$t / ";" | .[] / ":" | {name: .[0], type: "SCALAR", scalar: {value: .[1] | tonumber}}]'
}

# task ID [FILTER]: a TaskInfo for $agent, changed by FILTER.
task() {
	jq -nc --arg id "$1" --arg agent "$agent" '{name: $id, task_id: {value: $id}, agent_id: {value: $agent},
		command: {value: "sleep 1000"}, resources: [{name: "cpus", type: "SCALAR", scalar: {value: 0.1}},
		{name: "mem", type: "SCALAR", scalar: {value: 32}}]} | '"${2:-.}"
}

# launch TASKINFO...: with $offer, which may name several; what is left is offered again.
launch() {
	local tasks
	tasks=$(printf '%s\n' "$@" | jq -nc '[inputs]')
	# shellcheck disable=SC2086  # several offers are several words
	call ACCEPT '{"offer_ids":'"$(id_list $offer)"',"filters":{"refuse_seconds":0},"operations":[{"type":"LAUNCH","launch":{"task_infos":'"$tasks"'}}]}'
}

# update [SECONDS]: the next UPDATE of the current framework: $task, $state, $source, $reason, $uuid, $message.
update() {
	await UPDATE "$@" || return
	IFS=$'\x1f' read -r task state source reason uuid message < <(jq -r '.update.status |
		[.task_id.value, .state, .source // "-", .reason // "-", .uuid // "-", .message // "-"] | join("\u001f")' <<<"$line")
	updated_on=$(jq -r '.update.status.agent_id.value // "-"' <<<"$line")
}

# acknowledge: the update that was read last.
acknowledge() {
	[ "$uuid" = - ] || call ACKNOWLEDGE "$(jq -nc --arg agent "$updated_on" --arg task "$task" --arg uuid "$uuid" \
		'{agent_id: {value: $agent}, task_id: {value: $task}, uuid: $uuid}')"
}

# reaches STATE: acknowledges updates until one says this.
reaches() {
	while update; do
		acknowledge
		[ "$state" = "$1" ] && return
	done
	return 1
}

# silent TYPE SECONDS: no event of this type comes to the current framework.
silent() { ! await "$1" "$2"; }

# error_says REGEX: the next ERROR that the current connection is sent.
error_says() {
	await ERROR || return
	echo "$line"
	[[ $(jq -r .error.message <<<"$line") =~ $1 ]]
}

# register TYPE MEMBERS [RESOURCES]: the current connection is an agent's; MEMBERS of its AgentInfo end with a comma.
register() {
	hello "$fd" agent
	send "$fd" '{"type":"'"$1"'","'"${1,,}"'":{"agent":{'"$2"'"resources":'"${3:-$(scalars cpus:1)}"'}}}'
}

# The relay (relay.c) between agents and the master: start_relay, then break it with relay WORD.
start_relay() {
	mkfifo "$dir/relay.in"
	: >"$dir/relay.out" # the child would make it when the pipe is open
	"$MESOS_BUILD/tests/cluster/relay" "${port[master]}" <"$dir/relay.in" >"$dir/relay.out" 2>"$dir/relay.log" &
	pid[relay]=$!
	order+=(relay)
	exec {relay_in}>"$dir/relay.in"
	eventually "$patience" said relay '^[0-9]+$'
	port[relay]=$(head -n 1 "$dir/relay.out")
}
relay() {
	local said
	said=$(grep -c ok "$dir/relay.out")
	echo "$1" >&"$relay_in"
	# shellcheck disable=SC2317  # called by eventually
	heard() { [ "$(grep -c ok "$dir/relay.out")" -gt "$said" ]; }
	eventually "$patience" heard
}

# The simulated agents (agents.c): start_agents N, then tell them with crowd WORD [N]. crowd_events EVENT: how often it happened.
start_agents() {
	rm -f "$dir/agents.in"
	: >"$dir/agents.out" # what the ones before them said is not theirs
	mkfifo "$dir/agents.in"
	"$MESOS_BUILD/tests/cluster/agents" "${port[master]}" "$1" <"$dir/agents.in" >"$dir/agents.out" 2>"$dir/agents.log" &
	pid[agents]=$!
	order+=(agents)
	exec {agents_in}>"$dir/agents.in"
	eventually "$patience" crowd_is registered "$1"
}
crowd_events() { awk -v event="$1" '$2 == event' "$dir/agents.out" | wc -l; }
crowd_is() { [ "$(crowd_events "$1")" -ge "$2" ]; }
crowd() {
	local said
	said=$(crowd_events ok)
	echo "$*" >&"$agents_in"
	eventually "$patience" crowd_is ok $((said + 1))
}
