# shellcheck shell=bash
# The sweep of mesos-executor. live: its agent is there; alone: the agent is killed once the tasks run, and comes back after their end.
# shellcheck disable=SC2034,SC2154,SC2317  # host, last and others come from tasks.sh

executor_phases='live alone'
executor_calls='fsync fdatasync pwrite64 ftruncate fallocate unlink unlinkat'

# A mesos-executor in whose place strace runs the real one; it has no environment, and its pid must stay.
wrap_executor() {
	mkdir -p "$dir/$host/libexec"
	{
		echo '#!/bin/sh'
		printf 'exec'
		printf ' %q' "$(command -v strace)" -D "${strace[@]:3}" "$MESOS_BUILD/libexec/mesos/mesos-executor"
		# shellcheck disable=SC2016  # for that shell
		printf ' 2>>%q/before.log' "$dir"
	} | sed "s|$dir/trace|$dir/trace.\$\$|" >"$dir/$host/libexec/mesos-executor"
	chmod 755 "$dir/$host/libexec/mesos-executor"
}

executor_agent() { agent_command "$bin/mesos-agent" --launcher_dir="$dir/$host/libexec"; }

# executor_was_hit HOW: one of them at least.
executor_was_hit() {
	local word=INJECTED
	[ "$1" != kill ] || word='killed by SIGKILL'
	grep -qs "$word" "$dir"/trace.*
}

all_run_or_end() {
	local t
	for t in "$host"-{short,long,kill}; do
		[ "$(rank "${last[$t]:-}")" -ge 3 ] || return
	done
}

# The agent is away while they end.
leave_alone() {
	held=1
	agent_until all_run_or_end
	held=''
	{ stop agent KILL; } 2>/dev/null
	: >"$dir/go/$host-short"
	: >"$dir/go/$host-long"
	ran_out() { [ -z "$(find /proc/[0-9]* -maxdepth 1 -name cwd \( -lname "$dir/$host/*-short/*" -o -lname "$dir/$host/*-long/*" \) 2>/dev/null)" ]; }
	eventually "$patience" ran_out || complain 'tasks do not end while the agent is away'
	spawn agent executor_agent
}

# executor_point PHASE HOW CALL N: sets $hit and the complaints.
executor_point() {
	new_tasks "x$((++points_tried))"
	hit='' is_victim=''
	rm -f "$dir"/trace.*
	put_under_strace "$2" "$3" "$4"
	wrap_executor
	[ "$1" = alone ] || : >"$dir/go/$host-short"
	spawn agent executor_agent
	[ "$1" != alone ] || leave_alone
	agent_until agent_rests
	[ -z "$status" ] || complain "the agent ends with $status"
	[ -n "$status" ] || stop agent
	executor_was_hit "$2" && hit=1
	[ "$status" = 0 ] || complain "the agent's exit status $status"
	if [ "$2" = kill ]; then check_tasks TASK_FAILED TASK_LOST; else check_tasks; fi
	check_agent_store
}

executor_begin() { agent_begin; }
executor_done() { agent_done; }
