#!/bin/bash
# The example of the 0.22 release notes on a cluster of one machine: a task that was given 64 MB of disk writes
# 300 MB, and its agent kills it. Ends by itself; 0 if that is what was seen. $MESOS_BUILD is the build tree.
# shellcheck disable=SC2317  # some functions are called by trap and until_true only
set -u

bin=${MESOS_BUILD:?names the build tree}/bin
dir=$(mktemp -d "${TMPDIR:-/var/tmp}/mesos-demo-XXXXXX")
port=5050
local_pid='' execute_pid=''

cleanup() {
	local pid
	for pid in $execute_pid $local_pid; do
		kill "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

bold='' none=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\e[1m' none=$'\e[0m'; fi

# say SENTENCE: what happens now and why.
say() { printf '\n%s# %s%s\n' "$bold" "$*" "$none"; }
# show COMMAND...: what is run, quoted as one would type it.
show() {
	local word line=''
	for word; do
		case $word in
		*[\;\ ]*) if [[ $word == --*=* ]]; then word=${word%%=*}=\"${word#*=}\"; else word=\"$word\"; fi ;;
		esac
		line+=" $word"
	done
	printf '$%s\n' "$line"
}
# until_true SECONDS COMMAND...: waits until it succeeds.
until_true() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.1
	done
}
# taken PORT: somebody listens on it.
taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
ended() { ! kill -0 "$1" 2>/dev/null; }
said() { grep -q "$1" "$dir/$2"; }
up_or_ended() { said 'Ctrl-C' local || ended "$local_pid"; }
running_or_ended() { said TASK_RUNNING execute || ended "$execute_pid"; }
ctl() { "$bin/mesos-agentctl" --runtime_dir="$dir/work/run0" "$@"; }
quota() { show mesos-agentctl "--runtime_dir=$dir/work/run0" quota show; ctl quota show; }

while taken $port || taken $((port + 1)); do port=$((port + 10)); done
[ $port = 5050 ] || echo "Port 5050 or 5051 is taken on this machine: port $port is used instead."

say 'A master and an agent, as one command. The agent measures every second and enforces.'
flags=(--isolation=posix/disk --enforce_container_disk_quota --container_disk_watch_interval=1secs)
[ $port = 5050 ] || flags+=("--port=$port")
flags+=("--work_dir=$dir/work")
show mesos-local "${flags[@]}"
"$bin/mesos-local" "${flags[@]}" >"$dir/local" &
local_pid=$!
until_true 30 up_or_ended
if ! said 'Ctrl-C' local; then
	echo 'demo: the cluster did not come up' >&2
	exit 1
fi

say 'A task with 64 MB of disk that writes 300 MB.'
task=("--master=127.0.0.1:$port" --name=foobar --resources='cpus:0.1;mem:64;disk:64'
	--command='dd if=/dev/zero of=file bs=1024 count=307200; sleep 60')
show mesos-execute "${task[@]}"
: >"$dir/execute"
"$bin/mesos-execute" "${task[@]}" > >(tee "$dir/execute") &
execute_pid=$!
until_true 20 running_or_ended
quota
if ! until_true 30 ended "$execute_pid"; then
	echo 'demo: the task still runs after 30 seconds' >&2
	exit 1
fi
wait "$execute_pid"
echo "(exit status $?)"
execute_pid=''

say 'What the agent says of it now.'
quota
url=http://127.0.0.1:$((port + 1))/metrics/snapshot
printf "$ curl -s %s | grep -o '\"slave/disk_[^,}]*'\n" "$url"
curl -s --max-time 5 "$url" | grep -o '"slave/disk_[^,}]*'

if said 'status update TASK_FAILED' execute && said REASON_CONTAINER_LIMITATION_DISK execute; then
	say 'The task outgrew its disk, and was killed for it.'
	exit 0
fi
echo 'demo: the task was not killed for its disk' >&2
exit 1
