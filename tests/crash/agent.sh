# shellcheck shell=bash
# The sweep of the agent. live: from its first start to the end of the garbage; recovery: it was killed while its tasks ran.
# shellcheck disable=SC2034,SC2154,SC2317  # host, last and others come from tasks.sh

agent_phases='live recovery'
agent_calls='fsync fdatasync pwrite64 ftruncate fallocate rename renameat renameat2 unlink unlinkat'

# agent_command COMMAND...: an agent of this point, in all its lives.
agent_command() {
	small_agent "$host" "$@" --hostname="$host" --gc_delay=200ms --disk_watch_interval=500ms --store_reserve=1MB \
		--status_update_retry_interval_min=100ms --status_update_retry_interval_max=400ms
}

# agent_until CONDITION: the story goes on until this holds. If the agent ends by itself, $status is set, else it is empty.
agent_until() {
	local end=$((SECONDS + patience))
	status=''
	until "$@"; do
		go_on
		if ended agent; then
			finish agent 2>/dev/null
			return
		fi
		if [ $SECONDS -ge $end ]; then
			complain "it does not come to '$*': ${last[*]:-nothing was told} $(find "$dir/$host/work/slaves" "$dir/$host/work/meta/exits" 2>/dev/null | tail -n 3)"
			return
		fi
	done
}

# An exit record that could not be removed stays until the next start.
strays_may_be() { [ -n "$is_victim" ] && grep -q INJECTED "$dir/trace"; }

# agent_rests: all is over, and it knows that nothing is left to do.
agent_rests() {
	all_ended && no_sandbox_left && { no_record_left || strays_may_be; } && logged agent 'registered with' || return
	port[agent]=$(sed -nE 's/.* address=[^ ]*:([0-9]+) .*/\1/p' "$dir/agent.log")
	answers agent /metrics/snapshot '."gc/path_removals_pending" == 0'
}

# Killed while three tasks run, of which one ends then, its supervisor too; the log of the store is about to be copied.
agent_dies_first() {
	spawn agent agent_command "$bin/mesos-agent"
	held=1
	agent_until all_run
	held=''
	{ stop agent KILL; } 2>/dev/null
	: >"$dir/go/$host-short"
	exits() { grep -qs EXITED "$dir/$host"/work/meta/exits/*; }
	eventually "$patience" exits || complain 'no exit record'
	end_supervisor_of "$host-short"
	lengthen_log "$dir/$host/work/meta/agent.db"
}

# end_supervisor_of TASK
end_supervisor_of() {
	local p
	for p in $(pgrep -x mesos-executor); do
		[[ $(readlink "/proc/$p/cwd") != "$dir/$host"/*/"$1"/* ]] || kill -s KILL "$p"
	done
}

# lengthen_log DB: so that the next batch is copied into the database.
lengthen_log() {
	{
		echo '.dbconfig no_ckpt_on_close on'
		echo 'PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 0;'
		echo 'CREATE TABLE IF NOT EXISTS padding (x);'
		yes 'INSERT INTO padding VALUES (1); DELETE FROM padding;' | head -n 550
	} | sqlite3 "$1" >/dev/null
}

# Nothing in it waits any more.
check_agent_store() {
	local db=$dir/$host/work/meta/agent.db rows
	check_store agent "$db"
	rows=$(sqlite3 "$db" 'SELECT (SELECT count(*) FROM updates), (SELECT count(*) FROM garbage)')
	[ "$rows" = '0|0' ] || complain "updates and garbage in its store: $rows"
}

# agent_point PHASE HOW CALL N: sets $hit and the complaints.
agent_point() {
	new_tasks "a$((++points_tried))"
	hit='' is_victim=''
	if [ "$1" = recovery ]; then agent_dies_first; else : >"$dir/go/$host-short"; fi
	put_under_strace "$2" "$3" "$4" -f -b execve
	is_victim=1
	[ "$2" = kill ] || strays=1
	spawn agent agent_command "${strace[@]}" "$bin/mesos-agent"
	agent_until agent_rests
	[ -n "$status" ] || stop agent
	was_hit "$2" agent && hit=1
	if [ -n "$hit" ]; then
		is_victim=''
		may_end "$2" "$3" agent
		spawn agent agent_command "$bin/mesos-agent"
		agent_until agent_rests
		[ -z "$status" ] || complain "the agent after it ends with $status: $(tail -n 2 "$dir/agent.log")"
		stop agent
	fi
	[ "$status" = 0 ] || complain "exit status $status: $(tail -n 2 "$dir/agent.log")"
	check_tasks
	check_agent_store
}

agent_begin() {
	start_master
	framework tasks '.failover_timeout = 1000'
}
agent_done() { stop master; }
