# shellcheck shell=bash
# The master by hand (liar.c), to which an agent is told to go: what it is told, and what it says.
# shellcheck disable=SC2034,SC2154  # pid, order and others come from lib.sh

# start_liar: it is then $master.
start_liar() {
	mkfifo "$dir/liar.in"
	: >"$dir/liar.out" # the child would make it when the pipe is open
	"$MESOS_BUILD/tests/cluster/liar" <"$dir/liar.in" >"$dir/liar.out" 2>"$dir/liar.log" &
	pid[liar]=$!
	order+=(liar)
	exec {liar}>"$dir/liar.in"
	eventually "$patience" said liar '^[0-9]+$'
	master=127.0.0.1:$(head -n 1 "$dir/liar.out")
	since=1
}
end_liar() { exec {liar}>&-; }

# start_liars_agent [FLAG]...: one that registers with nobody yet.
start_liars_agent() {
	spawn agent small_agent agent "$bin/mesos-agent" "$@"
	agents+=(agent)
	learn_port agent 'agent: serving .*address=(.*):([0-9]+) '
}

# tell LINE. heard REGEX: whether the agent has said that since from_now.
tell() { printf '%s\n' "$1" >&"$liar"; }
heard() { tail -n +"$since" "$dir/liar.out" | grep -qE -- "$1"; }
from_now() { since=$(($(wc -l <"$dir/liar.out") + 1)); }

# connected: the next connection of the agent, which is dropped first; it has said HELLO.
connected() {
	from_now
	tell @drop
	eventually "$patience" heard '"type":"HELLO"'
}
hello_of_master() { tell '{"type":"HELLO","hello":{"role":"master","leader":true'"${1:+,\"epoch\":$1}"'}}'; }
welcome() { # EPOCH [AGENT_ID]
	tell '{"type":"AGENT_REGISTERED","epoch":'"$1"',"agent_registered":{"agent_id":{"value":"'"${2:-liar-S1}"'"},"ping_timeout":{"nanoseconds":75000000000}}}'
}
run_task() { # EPOCH FRAMEWORK TASK [MEMBERS]
	local what='"command":{"value":"sleep 1000"}'
	[ $# -lt 4 ] || what=$4
	tell '{"type":"RUN_TASK","epoch":'"$1"',"run_task":{"framework":{"user":"'"$(id -un)"'","name":"x","id":{"value":"'"$2"'"}},"task":{"name":"x","task_id":{"value":"'"$3"'"},"agent_id":{"value":"liar-S1"},"resources":[{"name":"cpus","type":"SCALAR","scalar":{"value":0.1}},{"name":"mem","type":"SCALAR","scalar":{"value":32}}],'"$what"'}}}'
}
registered() { answers agent /metrics/snapshot '."slave/registered" == 1'; }
# first_welcome EPOCH: to an agent that has no id yet.
first_welcome() {
	eventually "$patience" heard '"type":"HELLO"'
	hello_of_master "$1"
	eventually "$patience" heard '"type":"REGISTER_AGENT"'
	welcome "$1"
	eventually "$patience" registered
}
