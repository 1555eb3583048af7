#!/bin/bash
# What the cluster tests share: TAP, daemons on free ports, the protocol by hand, an end that leaves nothing.
# A test sources this, says its sentences with ok, is and like, and closes with done_testing.
# shellcheck disable=SC2034  # out, err, status, line and others are for the tests
set -u

# Each has a network of its own, in which only loopback is up: a port that is free stays free, whatever runs beside.
# And mounts of its own: whoever looks at all there are does not see those of others.
if [ "$(id -u)" = 0 ] && [ -z "${own_network:-}" ]; then
	own_network=yes exec unshare --net --mount -- "$0" "$@"
fi
[ "${own_network:-}" != yes ] || ip link set lo up

bin=${MESOS_BUILD:?names the build tree}/bin
dir=$(mktemp -d "${TMPDIR:-/var/tmp}/mesos-test-XXXXXX") || exit # at the end all that names it is killed
chmod 755 "$dir" # tasks of other users go through it
patience=30      # seconds that anything may take on a slow machine
# The same language, and begins in a fifteenth of the time: half of what these tests computed was jq beginning.
if command -v gojq >/dev/null; then jq() { gojq "$@"; }; fi

# ---- TAP ---------------------------------------------------------------------------------------

tests=0 failures=0

diag() { printf '%s\n' "$*" | sed 's/^/# /'; }

# verdict STATUS SENTENCE: the line of one test; 0 if it passed.
verdict() {
	tests=$((tests + 1))
	if [ "$1" = 0 ]; then
		printf 'ok %d - %s\n' "$tests" "$2"
		return 0
	fi
	failures=$((failures + 1))
	printf 'not ok %d - %s\n' "$tests" "$2"
	local depth=$((${#BASH_SOURCE[@]} > 2)) # called by ok and its like, or by the test
	diag "at ${BASH_SOURCE[depth + 1]##*/} line ${BASH_LINENO[depth]}"
	return 1
}

# ok SENTENCE COMMAND...: it succeeds. What it prints is shown only if not.
ok() {
	local sentence=$1
	shift
	"$@" >"$dir/.said" 2>&1
	verdict $? "$sentence" && return
	diag "failed: $*"
	diag "$(tail -n 40 "$dir/.said")"
	return 1
}

# is SENTENCE GOT EXPECTED
is() {
	[ "$2" = "$3" ]
	verdict $? "$1" && return
	diag "got:      $2"
	diag "expected: $3"
	return 1
}

# like SENTENCE TEXT REGEX and unlike SENTENCE TEXT REGEX: bash's, on the whole text.
like() {
	[[ $2 =~ $3 ]]
	verdict $? "$1" && return
	diag "got:      $2"
	diag "expected: $3"
	return 1
}
unlike() {
	! [[ $2 =~ $3 ]]
	verdict $? "$1" && return
	diag "got:      $2"
	diag "not:      $3"
	return 1
}

fails() { ! "$@"; }

# eventually SECONDS COMMAND...: waits until it succeeds; 1 if that takes longer. Where the machine is slow, to ask takes long: half of the
# time it is left to what is waited for.
eventually() {
	local end=$((SECONDS + $1)) start pause
	shift
	while start=${EPOCHREALTIME//[!0-9]/} && ! "$@"; do
		[ $SECONDS -lt $end ] || return 1
		pause=$((${EPOCHREALTIME//[!0-9]/} - start)) # microseconds
		[ $pause -gt 50000 ] || pause=50000
		[ $pause -lt 5000000 ] || pause=5000000 # that clock may be set
		printf -v pause %d.%06d $((pause / 1000000)) $((pause % 1000000))
		sleep "$pause"
	done
}

# skip_all WHY: in CI that counts as a failure.
skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}
need_root() { [ "$(id -u)" = 0 ] || skip_all 'needs root'; }

# ---- processes ---------------------------------------------------------------------------------

declare -A pid=()  # by name, of what spawn started and stop has not ended
declare -A port=() # by name, of the daemons
declare -a order=()

# spawn NAME COMMAND...: runs it beside us; its output is in $dir/NAME.out, its log in $dir/NAME.log.
spawn() {
	local name=$1
	shift
	: >"$dir/$name.out" # the child would empty them too late for who reads them
	: >"$dir/$name.log"
	"$@" >"$dir/$name.out" 2>"$dir/$name.log" </dev/null &
	pid[$name]=$!
	order+=("$name")
}

# alive NAME: it runs. Once bash has taken its end its number may be that of a stranger, who has another parent.
alive() {
	local stat
	[ -n "${pid[$1]:-}" ] && { read -r stat <"/proc/${pid[$1]}/stat"; } 2>/dev/null && [[ ${stat##*) } == [!ZX]\ $$\ * ]]
}
ended() { ! alive "$1"; }
# dead PID: a process of somebody else has ended, though nobody may have taken its end.
dead() {
	local stat
	! { read -r stat <"/proc/$1/stat"; } 2>/dev/null || [[ ${stat##*) } == [ZX]\ * ]]
}
# parent PID: whose child that process is.
parent() { awk '$1 == "PPid:" { print $2 }' "/proc/$1/status"; }
# written NAME: something is in this file of $dir.
written() { [ -s "$dir/$1" ]; }
said() { grep -qE -- "$2" "$dir/$1.out"; }
logged() { grep -qE -- "$2" "$dir/$1.log"; }
logged_or_ended() { logged "$@" || ended "$1"; }
said_or_ended() { said "$@" || ended "$1"; }

# finish NAME [SECONDS]: waits for its end; its exit status is in $status.
finish() {
	local name=$1
	status=''
	eventually "${2:-$patience}" ended "$name" || return 1
	wait "${pid[$name]}" 2>/dev/null
	status=$?
	unset "pid[$name]"
}

# stop NAME [SIGNAL]: ends it, with SIGKILL if it does not listen; its exit status is in $status.
stop() {
	[ -n "${pid[$1]:-}" ] || return 0
	alive "$1" && kill -s "${2:-TERM}" "${pid[$1]}" 2>/dev/null
	finish "$1" 2>/dev/null && return # bash has something to say of the killed
	diag "$1 (pid ${pid[$1]}) does not end on SIG${2:-TERM}"
	failures=$((failures + 1))
	kill -s KILL "${pid[$1]}" 2>/dev/null
	finish "$1"
}

# run COMMAND...: to its end, at most twice our patience; sets status, out (standard output) and err.
run() {
	timeout -k 5 $((2 * patience)) "$@" >"$dir/.out" 2>"$dir/.err" </dev/null
	status=$?
	out=$(<"$dir/.out")
	err=$(<"$dir/.err")
	return 0
}

# An agent leaves its tasks running at SIGTERM; SIGUSR1 takes them with it. All of them at once.
agents=() # names
end_agents() {
	local a
	for a in "${agents[@]}"; do
		alive "$a" && kill -s USR1 "${pid[$a]}" 2>/dev/null
	done
	for a in "${agents[@]}"; do
		stop "$a" USR1
	done
}

# Processes of this test: our directory is in their command line, environment or cwd.
our_processes() {
	local p
	{
		grep -lzF -- "$dir" /proc/[0-9]*/{cmdline,environ}
		find /proc/[0-9]* -maxdepth 1 -name cwd -lname "$dir*"
	} 2>/dev/null | cut -d/ -f3 | sort -un | while read -r p; do
		[ -e "/proc/$p/exe" ] && echo "$p"
	done
}
no_processes_left() { [ -z "$(our_processes)" ]; }

cleanup() {
	local i p
	end_agents
	for ((i = ${#order[@]} - 1; i >= 0; i--)); do
		stop "${order[i]}"
	done
	eventually "$patience" no_processes_left && return 0
	for p in $(our_processes); do
		diag "left behind: $(ps -o pid=,ppid=,user=,args= -p "$p")"
		kill -s KILL "$p" 2>/dev/null
	done
	return 1
}

at_exit() {
	local status=$?
	trap - EXIT
	cleanup || status=1
	rm -rf "$dir"
	exit "$status"
}
trap at_exit EXIT
trap 'exit 130' INT TERM HUP

# What a sanitizer found goes to a log, or from mesos-executor to the stderr of a sandbox.
clean() {
	! find "$dir" \( -name '*.log' -o -name stderr \) -type f -exec grep -E 'Sanitizer|runtime error:' {} + 2>/dev/null | grep .
}

# Ends everything, says so as a last test, and prints the plan; the logs too if something failed.
done_testing() {
	local log
	cleanup
	verdict $? 'nothing that was started is left'
	clean
	verdict $? 'no sanitizer has complained'
	if [ "$failures" != 0 ]; then
		for log in "$dir"/*.log; do
			[ -s "$log" ] || continue
			diag "---- ${log##*/}"
			diag "$(tail -n 60 "$log")"
		done
	fi
	echo "1..$tests"
	[ "$failures" = 0 ]
	exit
}

# ---- daemons -----------------------------------------------------------------------------------

master='' # host:port of the master that was started last

# What a test does not say, in the environment: the command line wins. A slow machine gives hooks more time. For spawn: it takes the
# shell that it is in.
not_ours() { [ -z "${fd:-}" ] || exec {fd}>&-; } # a daemon keeps no connection of the test
small_master() {
	not_ours
	exec env MESOS_PORT=0 MESOS_WORK_DIR="$dir/master/work" MESOS_ALLOCATION_INTERVAL=100ms MESOS_HOOK_TIMEOUT=3secs "$@"
}
small_agent() {
	local name=$1
	shift
	not_ours
	exec env MESOS_PORT=0 MESOS_WORK_DIR="$dir/$name/work" MESOS_RUNTIME_DIR="$dir/$name/run" \
		MESOS_LAUNCHER_DIR="$MESOS_BUILD/libexec/mesos" MESOS_MASTER="$master" \
		MESOS_RESOURCES='cpus:4;mem:2048;disk:4096' MESOS_ISOLATION=posix/cpu,posix/mem,posix/disk \
		MESOS_CONTAINER_DISK_WATCH_INTERVAL=500ms MESOS_REGISTRATION_BACKOFF_FACTOR=100ms MESOS_HOOK_TIMEOUT=3secs "$@"
}

# Learns the port from the log; bails out if there is none.
learn_port() {
	local name=$1 pattern=$2
	if ! eventually "$patience" logged_or_ended "$name" "$pattern" || ! logged "$name" "$pattern"; then
		diag "$name does not come up:" "$(cat "$dir/$name.log")"
		echo "Bail out! $name does not come up"
		exit 1
	fi
	port[$name]=$(sed -nE "s/.*$pattern.*/\\2/p" "$dir/$name.log" | tail -n 1)
}

# start_master [FLAG]...: on a free port; it is then ${port[master]} and $master.
start_master() {
	spawn master small_master "$bin/mesos-master" "$@"
	learn_port master 'listens as master@(.*):([0-9]+)'
	master=127.0.0.1:${port[master]}
}

# start_agent NAME [FLAG]...: with everything below $dir/NAME; waits until $master has it.
start_agent() {
	local name=$1
	shift
	spawn "$name" small_agent "$name" "${agent_program:-$bin/mesos-agent}" "$@"
	agents+=("$name")
	learn_port "$name" 'agent: serving .*address=(.*):([0-9]+) '
	eventually "$patience" logged_or_ended "$name" 'registered with master'
}

# start_local [FLAG]...: mesos-local on free ports (up to three agents), in $dir/local; returns once it says it is up.
start_local() {
	port[local]=$(free_ports 3)
	spawn local "$bin/mesos-local" --port="${port[local]}" --work_dir="$dir/local" "$@"
	master=127.0.0.1:${port[local]}
	eventually "$patience" said_or_ended local Ctrl-C
}

taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# free_ports N: the first of N + 1 ports that nobody listens on, below the kernel's own range.
free_ports() {
	local first i
	while :; do
		first=$((RANDOM % 20000 + 10000))
		for ((i = 0; i <= $1; i++)); do
			taken $((first + i)) && continue 2
		done
		echo "$first"
		return
	done
}

# ---- clients -----------------------------------------------------------------------------------

# execute FLAG...: mesos-execute at $master to its end; sets status, out and err.
execute() { run "$bin/mesos-execute" --master="$master" "$@"; }
# execute_beside NAME FLAG...: the same beside us, with its lines in $dir/NAME.out.
execute_beside() {
	local name=$1
	shift
	spawn "$name" "$bin/mesos-execute" --master="$master" --name="$name" "$@"
}
# runs NAME: waits for TASK_RUNNING of what execute_beside started.
runs() {
	eventually "$patience" said_or_ended "$1" 'TASK_RUNNING for task' && said "$1" 'TASK_RUNNING for task'
}
# states NAME: those it has been told of until now, in one line.
states() { grep -oE 'TASK_[A-Z]+ for task' "$dir/$1.out" | cut -d' ' -f1 | paste -sd' '; }

# agentctl NAME ARGUMENT...: asks the agent of this name.
agentctl() {
	local name=$1
	shift
	"$bin/mesos-agentctl" --runtime_dir="$dir/$name/run" "$@"
}

# get NAME PATH: the body of what the daemon of this name answers, whatever its status. By bash: to begin a curl takes most of what a
# test computes where it looks again and again.
get() {
	local header='' fd answered
	exec {fd}<>"/dev/tcp/127.0.0.1/${port[$1]}" || return
	send "$fd" "GET $2 HTTP/1.0"$'\r\n\r'
	while IFS= read -r -t "$patience" -u "$fd" header && [ "$header" != $'\r' ]; do :; done
	[ "$header" = $'\r' ] && timeout "$patience" cat <&"$fd"
	answered=$?
	exec {fd}>&-
	return $answered
}

# curl_from NAME PATH CURL-OPTION...: for who asks for more than that.
curl_from() { curl -sS -g --max-time "$patience" "${@:3}" "http://127.0.0.1:${port[$1]}$2"; }

# answers NAME PATH FILTER: whether jq -e FILTER holds for what it answers.
answers() {
	local answer
	answer=$(get "$1" "$2") && jq -e "$3" <<<"$answer" >/dev/null # jq alone is content with nothing
}

# ---- the protocol by hand ----------------------------------------------------------------------

# connect NAME|HOST:PORT: opens a connection; its descriptor is in $fd.
connect() {
	local address=${port[$1]:+127.0.0.1:${port[$1]}}
	address=${address:-$1}
	exec {fd}<>"/dev/tcp/${address%:*}/${address##*:}" || return
	unfinished[$fd]=''
}
disconnect() {
	local open=$1
	exec {open}>&-
}

# send FD TEXT: one line. A subshell takes the SIGPIPE.
send() { (printf '%s\n' "$2" >&"$1") 2>/dev/null; }

# receive FD [SECONDS]: the next line, in $line; 1 at the end, and more than 128 when none comes. What came of one by then is
# kept for the next time.
declare -A unfinished=() # by descriptor
receive() {
	local status
	IFS= read -r -t "${2:-$patience}" -u "$1" line
	status=$?
	line=${unfinished[$1]:-}$line
	unfinished[$1]=''
	[ $status -le 128 ] || unfinished[$1]=$line
	return $status
}

# receive_type FD TYPE [SECONDS]: skips lines until one of this type comes, in $line.
receive_type() {
	local end=$((SECONDS + ${3:-$patience}))
	while [ $SECONDS -lt $end ] && receive "$1" $((end - SECONDS)); do
		[[ $line == '{"type":"'$2'"'* ]] && return
		[ "$(jq -r .type <<<"$line" 2>/dev/null)" = "$2" ] && return
	done
	return 1
}

# closed FD [SECONDS]: the other side ends the connection; what it still said is skipped.
closed() {
	local end=$((SECONDS + ${2:-$patience})) r
	while :; do
		IFS= read -r -t 0.1 -u "$1" line
		r=$?
		[ $r = 0 ] || [ $r -gt 128 ] || return 0
		[ $SECONDS -lt $end ] || return 1
	done
}

# hello FD ROLE: as a peer of this role; returns when the HELLO was answered.
hello() {
	send "$1" '{"type":"HELLO","hello":{"role":"'"$2"'"}}' && receive_type "$1" HELLO
}

# subscribe FD [NAME]: as a framework; its id is then in $framework_id.
subscribe() {
	hello "$1" framework || return
	send "$1" '{"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"'"$(id -un)"'","name":"'"${2:-test}"'"}}}'
	receive_type "$1" SUBSCRIBED && framework_id=$(jq -r .subscribed.framework_id.value <<<"$line")
}

# ---- what an agent knows -----------------------------------------------------------------------

# sandbox AGENT EXECUTOR: the newest one, of a command task by its name.
sandbox() { realpath "$dir/$1"/work/slaves/*/frameworks/*/executors/"$2"/runs/latest; }

# quota AGENT TASK FILTER: jq's on the container of this task, in quota show --json.
quota() {
	agentctl "$1" quota show --json | jq -r --arg t "$2" '.containers[] | select(.task_ids | index($t)) | '"$3"
}

# metric DAEMON NAME: of /metrics/snapshot.
metric() {
	local answer
	answer=$(get "$1" /metrics/snapshot) && [[ $answer =~ \"$2\":([^,}]*) ]] && echo "${BASH_REMATCH[1]}"
}

# stored AGENT: what it has decided until now is on its disk: an agent that is killed before that knows nothing of it.
stored() { [ "$(metric "$1" slave/store_queued)" = 0 ]; }

# all_updates_acknowledged AGENT: it knows that each of its status updates was, and has stored it.
all_updates_acknowledged() {
	rm -rf "$dir/copy"
	cp -r "$dir/$1/work/meta" "$dir/copy"
	[ "$(sqlite3 "$dir/copy/agent.db" 'SELECT count(*) FROM updates')" = 0 ]
}

# quota_is AGENT TASK FILTER: whether this holds.
quota_is() { [ "$(quota "$@")" = true ]; }
