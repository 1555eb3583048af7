#!/bin/bash
# A container's project quota from its launch to the last byte: the same on both filesystems. Sourced with $fs set.
# shellcheck source=tests/vm/lib.sh source=tests/cluster/framework.sh disable=SC2016,SC2034,SC2154
TMPDIR=/srv/$fs
. "${0%/*}/lib.sh"
. "${0%/*}/../cluster/framework.sh"

user=nobody
# The agent is stopped for longer than a slow machine has patience with.
start_master --max_slave_ping_timeouts=100
quotas=(--isolation="disk/$fs" --enforce_container_disk_quota --container_disk_watch_interval=200ms --disk_watch_interval=500ms
	--resources='cpus:4;mem:2048;disk:4096;disk_inodes:1000')
range='--xfs_project_range=[5000-5999]'
chmod 755 "$dir"
# As the unit has it: with CAP_SYS_RESOURCE ext4 would let it pass limits.
printf '#!/bin/sh\nexec setpriv --bounding-set=-sys_resource "%s/mesos-agent" "$@"\n' "$bin" >"$dir/agent"
chmod 755 "$dir/agent"
mkdir -m 1777 "$dir/open" # where a task tells what it cannot in a sandbox that is full
agent_program=$dir/agent
begin() { # NAME DISK COMMAND [FLAG]...
	local name=$1 disk=$2 command=$3
	shift 3
	execute_beside "$name" --user="$user" --resources="cpus:0.1;mem:32;disk:$disk" --command="$command" "$@"
}
project() { lsattr -pd "$1" | awk '{ print $1 }'; }
inherits() { [[ $(lsattr -d "$1" | cut -d' ' -f1) == *P* ]]; }
size_of() { df --output=size -B1 "$1" | tail -n 1 | tr -d ' '; }
denied=$([ "$fs" = xfs ] && echo 'No space left on device' || echo 'Disk quota exceeded')
written() { [ -e "$1/$2" ]; }

# ---- deny

start_agent a "${quotas[@]}" "$range"
begin full 8 'why=$(head -c 16M /dev/zero 2>&1 >file); echo "status $? $why"; stat -c "size %s" file; until test -e '"$dir/end"'; do sleep 0.5; done; head -c 16M /dev/zero >>file || exit 7'
runs full
box=$(sandbox a full)
told() { grep -q "$2" "$1/stdout"; } # a mark would be refused as well
ok 'a task that writes too much goes on' eventually "$patience" told "$box" '^size [0-9]'
like 'its write was refused' "$(<"$box/stdout")" "$denied"
like 'it has what was written until then' "$(<"$box/stdout")" 'status 1.*size [78][0-9]{6}'
is 'the sandbox is of the first project of the range' "$(project "$box")" 5000
ok 'and so is what is made in it' inherits "$box"
is 'its files are too' "$(project "$box/file")$(project "$box/stdout")" 50005000
is 'df says so inside' "$(size_of "$box")" $((8 << 20))
# A refusal is seen at once, how much is used by the next check.
ok 'quota show says denied' eventually "$patience" quota_is a full '.state == "denied" and .used_bytes > 8000000'
is 'with the kernel as its witness' "$(quota a full '"\(.witness) \(.filesystem) \(.project) \(.soft_bytes) \(.hard_bytes)"')" \
	"quota $fs 5000 8388608 8388608"
ok 'it has no more than that' quota_is a full '.used_bytes <= .hard_bytes'
ok 'its framework is told' eventually "$patience" said full 'message: Disk quota \(8MB\) is used up: a write was refused'
is 'once' "$(grep -c 'is used up' "$dir/full.out")" 1
like 'it is counted' "$(metric a slave/container_disk_denied) $(metric a slave/container_disk_refusals)" '^1 [1-9]'
statistics() { answers a /monitor/statistics.json ".[] | select(.executor_id == \"$1\") | .statistics | $2"; }
ok 'statistics show it' statistics full '.disk_limit_bytes == 8388608 and .disk_used_bytes <= 8388608 and .disk_used_bytes > 8000000'
is 'ids are counted' "$(metric a containerizer/mesos/disk/project_ids_total) $(metric a containerizer/mesos/disk/project_ids_free)" '1000 999'

# ---- an operator's word

ok 'an operator gives it more' agentctl a quota set full 12MB
is 'at once' "$(size_of "$box")" $((12 << 20))
ok 'which is shown' quota_is a full '.override and .limit_bytes == 12582912'
more() { setpriv --reuid=65534 --clear-groups head -c 3M /dev/zero >"$box/more"; }
ok 'there is room again' more
exec {held}<"$box/more"
rm "$box/more"
setpriv --reuid=65534 --clear-groups head -c 512K /dev/zero >"$box/beside"
ok 'a file that was deleted is charged while it is open, and shown' eventually "$patience" quota_is a full '.used_bytes > 11900000'
ok 'in statistics too' statistics full '.disk_limit_bytes == 12582912 and .disk_used_bytes > 11900000'
exec {held}<&-
ok 'until it is closed' eventually "$patience" quota_is a full '.used_bytes < 9000000'
ok 'what is given need be no whole blocks' agentctl a quota set full 12582000B
fill() { setpriv --bounding-set=-sys_resource --reuid=65534 --clear-groups head -c 16M /dev/zero >"$box/rest" 2>"$dir/fill.err"; }
ok 'it is full' fails fill
ok 'and denied, not over' eventually "$patience" quota_is a full '.state == "denied" and .used_bytes == 12582912 and .hard_bytes == 12582912'
is 'another time' "$(metric a slave/container_disk_denied)" 2
stop a KILL
is 'also by the store' "$("$bin/mesos-agentctl" --runtime_dir="$dir/none" --work_dir="$dir/a/work" quota show --json full 2>"$dir/.err" | jq -r '.containers[0].state')" denied
start_agent a "${quotas[@]}" "$range" --work_dir="$dir/a/work/"
ok 'a new agent knows of it' eventually "$patience" quota_is a full '.override and .limit_bytes == 12582000 and .used_bytes == 12582912'
is 'the project is the same, though work_dir is spelled in another way' "$(project "$box")" 5000
ok 'less than is used may be given too' agentctl a quota set full 1MB
is 'at once' "$(size_of "$box")" $((1 << 20))
ok 'and is told' eventually "$patience" quota_is a full '.state == "over" and .hard_bytes == 1048576'
ok 'the word can be taken back' agentctl a quota set full default
is 'at once' "$(size_of "$box")" $((8 << 20))

# ---- what others do to it

project_is() { [ "$(project "$1")" = "$2" ]; } # PATH ID
kill -s STOP "${pid[a]}"
chattr -p 0 "$box"
chattr -P "$box"
touch "$box/meanwhile"
mkdir "$box/directory"
kill -s CONT "${pid[a]}"
ok 'a sandbox that was taken out of its project is put back' eventually "$patience" inherits "$box"
# ext4 changes a directory's flags and its project one after the other, and tells of each at once.
ok 'with its id' eventually "$patience" project_is "$box" 5000
ok 'and that is said' eventually "$patience" logged a 'its sandbox was taken out of project 5000, and is in it again'
ok 'it is full again' fails fill
stop a
chattr -P -p 0 "$box"
start_agent a "${quotas[@]}" "$range" --work_dir="$dir/a/work/"
ok 'so is one that is full, and was taken out while there was no agent' eventually "$patience" inherits "$box"
ok '  with its id' eventually "$patience" project_is "$box" 5000
rm "$box/rest"
ok 'what was made in it meanwhile is put there too' eventually "$patience" project_is "$box/meanwhile" 5000
ok 'and what will be made in that' eventually "$patience" inherits "$box/directory"
chattr -P -p 0 "$box/directory"
ok 'a directory in it that was taken out is put back' eventually "$patience" project_is "$box/directory" 5000
# At the end of the look at the whole sandbox, which may have found its project and its flags changed one after the other.
ok 'and that is said too' eventually "$patience" logged a 'is in it again: files and directories that were not: [12]$'
chattr -p 0 "$box/meanwhile"
ok 'and a file, be it empty' eventually "$patience" project_is "$box/meanwhile" 5000
# The holder of a lease is told that somebody opens the file, and may keep him waiting.
lease='$SIG{IO} = "IGNORE"; open(my $f, "+<", shift) or die "$!"; fcntl($f, 1024, 1) or die "$!"; $| = 1; print "held\n"; sleep 10000'
scanned() { [ "$(metric a slave/disk_scans)" -ge "$1" ]; }
kill -s STOP "${pid[a]}"
chattr -p 0 "$box/meanwhile"
spawn hidden perl -e "$lease" "$box/meanwhile"
eventually "$patience" said hidden held
kill -s CONT "${pid[a]}"
eventually "$patience" scanned $(($(metric a slave/disk_scans) + 4))
stop hidden
ok 'and one that could not be opened for a lease, when it can be' eventually "$patience" project_is "$box/meanwhile" 5000
if [ "$fs" = ext4 ]; then # XFS lets the agent do it
	kill -s STOP "${pid[a]}"
	chattr -p 0 "$box/meanwhile"
	chattr +i "$box/meanwhile"
	kill -s CONT "${pid[a]}"
	ok 'one that cannot be put back is told' eventually "$patience" logged a 'W.*its sandbox is not all of project 5000 yet: 1 of its files .* immutable'
	ok '  and the container can be given another limit' agentctl a quota set full 2MB
	is '  at once' "$(size_of "$box")" $((2 << 20))
	ok '  and is measured' eventually "$patience" quota_is a full '.state == "over" and .hard_bytes == 2097152'
	ok '  as before' agentctl a quota set full default
	chattr -i "$box/meanwhile"
	ok 'until it can be' eventually "$patience" project_is "$box/meanwhile" 5000
	ok '  which is told too' eventually "$patience" logged a 'I.*its sandbox is all of project 5000 now'
fi
mkdir "$dir/other"
head -c 4M /dev/zero >"$dir/other/file"
mount --bind "$dir/other" "$box/directory"
ok 'what a scan finds and nobody is charged for is told' eventually "$patience" logged a 'only [0-9]+ are charged to project 5000: something escapes its quota'
umount "$box/directory"
is 'but what is not of the sandbox is left alone' "$(project "$dir/other") $(project "$dir/other/file")" '0 0'

# ---- an id on two sandboxes

begin twin '4;disk_inodes:8' 'mkdir d; touch d/file; until test -e '"$dir/files"'; do sleep 0.2; done; for i in 1 2 3 4; do touch d/$i || break; done; sleep 1000'
runs twin
twin=$(sandbox a twin)
eventually "$patience" written "$twin" d/file
is 'another container has another id' "$(project "$twin")" 5001
# write_all SIZE FILE: as far as the limit, which ext4 lets CAP_SYS_RESOURCE pass.
write_all() { setpriv --bounding-set=-sys_resource head -c "$1" /dev/zero 2>"$dir/write.err" >"$2"; }
# /proc/net/netlink has what is unread, and how often something was lost, of each socket: 16 is the protocol, and a process's first is called as it is.
socket() { awk -v port="${pid[a]}" -v field="$1" '$2 == 16 && $3 == port { print $field }' /proc/net/netlink; }
unread() { socket 5; }
# Whoever has CAP_NET_ADMIN can send what looks like a warning of the kernel.
heard() { [ "$(unread)" = 0 ]; }
refusals=$(metric a slave/container_disk_refusals)
ok 'a forged warning is sent' q forge "/srv/$fs" 5001 "${pid[a]}"
ok 'and heard' eventually "$patience" heard
is 'it is not believed' "$(metric a slave/container_disk_refusals) $(quota a twin .state) $(grep -c 'is used up' "$dir/twin.out")" "$refusals ok 0"
# Nor do its own filesystems have to do with each other: an id is another project on each.
other=$([ "$fs" = xfs ] && echo ext4 || echo xfs)
elsewhere=$(mktemp -d "/srv/$other/elsewhere-XXXXXX")
q label "$elsewhere" 5001
q set "$elsewhere" 5001 65536 65536 0 0
kill -s STOP "${pid[a]}"
ok "on $other a project of the same id is refused a write" fails write_all 1M "$elsewhere/file"
ok 'which the kernel tells' test "$(unread)" -gt 0
kill -s CONT "${pid[a]}"
ok 'and is heard' eventually "$patience" heard
is 'it is another one' "$(metric a slave/container_disk_refusals) $(quota a twin .state) $(grep -c 'is used up' "$dir/twin.out")" "$refusals ok 0"
rm -r "$elsewhere"
q set "/srv/$other" 5001 0 0 0 0
times=$(metric a slave/container_disk_denied)
touch "$dir/files"
ok 'a file too much is refused, and the framework told' eventually "$patience" said twin 'message: Disk quota \(8 files\) is used up: a new one was refused'
ok 'it has no more than that' eventually "$patience" quota_is a twin '.state == "denied" and .inodes == 8 and .inodes_limit == 8 and .used_bytes < 1000000'
is 'which is counted' "$(metric a slave/container_disk_denied)" $((times + 1))
kill -s STOP "${pid[a]}" # until all of it is another's: one file that is changed behind its look nobody misses
chattr -R -p 5000 "$twin"
kill -s CONT "${pid[a]}"
ok 'one that was given the id of another is put back' eventually "$patience" project_is "$twin" 5001
ok 'with what is in it' eventually "$patience" project_is "$twin/d/file" 5001
stop a KILL
chattr -R -p 5000 "$twin"
start_agent a "${quotas[@]}" "$range"
like 'an id that is found on two sandboxes is told' "$(<"$dir/a.log")" "container ${twin##*/}: its sandbox has project 5000, which is that of slaves/.*/${box##*/}: "
ok 'and the second gets back its own' eventually "$patience" project_is "$twin/d/file" 5001
ok 'with its limit' eventually "$patience" quota_is a twin '.project == 5001 and .hard_bytes == 4194304'
ok 'while the first keeps it' eventually "$patience" quota_is a full '.project == 5000 and .hard_bytes == 8388608'
stop a KILL
sqlite3 "$dir/a/work/meta/agent.db" "DELETE FROM projects WHERE sandbox LIKE '%${twin##*/}'"
chattr -R -p 5000 "$twin"
start_agent a "${quotas[@]}" "$range"
ok 'one of which nobody knows another id gets a new one' eventually "$patience" project_is "$twin/d/file" 5002
eventually "$patience" stored a
stop a KILL
chattr -R -p 7 "$twin"
start_agent a "${quotas[@]}" "$range"
ok 'and one that belongs to others does not keep theirs' eventually "$patience" project_is "$twin/d/file" 5002
like 'which is told' "$(<"$dir/a.log")" "container ${twin##*/}: its sandbox has project 7 instead of 5002"
stop twin INT
stop a KILL
chattr -R -p 5000 "$twin"
start_agent a "${quotas[@]}" "$range" --disk_quota_action=deny
ok 'so does one whose container has ended' eventually "$patience" project_is "$twin/d/file" 5002
touch "$dir/end"
finish full
is 'who is refused again and gives up has failed, by its own exit status' "$status $(tail -n 3 "$dir/full.out" | xargs)" \
	'1 Received status update TASK_FAILED for task full message: Command exited with status 7 source: SOURCE_EXECUTOR'
is 'it was told once, after another limit, other refusals and other agents' "$(grep -c 'is used up' "$dir/full.out")" 1

# ---- warnings that nobody hears

lost() { socket 9; }
mkdir "$dir/noise"
touch "$dir/noise/noise"
q label "$dir/noise" 4999
q set "$dir/noise" 4999 1048576 1048576 0 0
# Both filesystems tell of the first refusal since there was room. It is fallocate(2) that is refused: for a write XFS would flush all, each time.
noise='open(my $f, "+<", "noise") or die "$!";
	for (1 .. 400) { truncate($f, 0); syscall(285, fileno($f), 0, 0, 4 << 20) == -1 or die "not refused" }'
flood() { (cd "$dir/noise" && setpriv --bounding-set=-sys_resource perl -e "$noise") && [ "$(lost)" -gt "$before" ]; }
for t in lost-1 lost-2 away; do
	begin $t 1 "until test -e $dir/$t; do sleep 0.2; done; "'head -c 2M /dev/zero >file; echo "status $?" >'"$dir/open/$t; sleep 1000"
	runs $t
done
refused() { grep -qs 'status 1' "$dir/open/$1"; }
refusals=$(metric a slave/container_disk_refusals)
before=$(lost)
kill -s STOP "${pid[a]}"
ok 'more warnings than an agent that stands still can keep are lost' eventually "$patience" flood
for t in lost-1 lost-2; do
	touch "$dir/$t"
	ok "then a write is refused, $t" eventually "$patience" refused $t
done
kill -s CONT "${pid[a]}"
for t in lost-1 lost-2; do
	ok "the framework is told all the same, $t" eventually "$patience" said $t 'message: Disk quota \(1MB\) is used up: a write was refused'
	ok '  and quota show says so' quota_is a $t '.state == "denied"'
done
is 'the kernel was not heard' "$(metric a slave/container_disk_refusals)" "$refusals"
stop a KILL
touch "$dir/away"
ok 'a write is refused while no agent runs' eventually "$patience" refused away
start_agent a "${quotas[@]}" "$range"
ok 'the next one tells of it' eventually "$patience" said away 'message: Disk quota \(1MB\) is used up: a write was refused'
for t in lost-1 lost-2 away; do
	stop $t INT
	is "once, $t" "$(grep -c 'is used up' "$dir/$t.out")" 1
done
rm -r "$dir/noise"
q set "$TMPDIR" 4999 0 0 0 0

# ---- an executor whose tasks come and go

program=$(realpath "${0%/*}/../cluster/custom-executor")
executor=x
of() { # TASK DISK: a TaskInfo for an executor that has no disk itself
	task "$1" "del(.command) | .resources = $(scalars "cpus:0.1;mem:32;disk:$2") | .executor = {executor_id: {value: \"$executor\"},
		command: {value: \"exec $program\"}, resources: $(scalars 'cpus:0.1;mem:32')}"
}
order() { call MESSAGE '{"agent_id":{"value":"'"$agent"'"},"executor_id":{"value":"'"$executor"'"},"data":"'"$(base64 -w0 <<<"$1")"'"}'; }
limits() { q get "$TMPDIR" "$(project "$box")" | cut -d' ' -f2,3; }
limits_are() { [ "$(limits)" = "$1 $1" ]; }
files_are() { [ "$(q get "$TMPDIR" "$(project "$box")" | cut -d' ' -f5,6)" = "$1 $1" ]; }
overfill() { write_all 32M "$box/rest"; }
# come STATE: the next update that says this. Whoever is told of a refusal is in $denials.
come() {
	while update; do
		acknowledge
		if [[ $message == *'is used up'* ]]; then denials+="$task $message|"; elif [ "$state" = "$1" ]; then return; fi
	done
	return 1
}
framework changing
next_offer
launch "$(of one '2;disk_inodes:9')" "$(of two '4;disk_inodes:4')"
ok 'an executor runs two tasks' come TASK_RUNNING
come TASK_RUNNING
box=$(sandbox a x)
ok 'the kernel holds it to what both have' eventually "$patience" limits_are 6291456
ok '  of files too' files_are 13
ok 'at which it is refused' fails overfill
denials=''
until [[ $denials == *one*two* || $denials == *two*one* ]]; do
	update || break
	acknowledge
	denials+="$task $state $message|"
done
is 'each of them is told' "$(tr '|' '\n' <<<"$denials" | sort | xargs)" \
	"one TASK_RUNNING Disk quota (6MB) is used up: a write was refused two TASK_RUNNING Disk quota (6MB) is used up: a write was refused"
denials=''
next_offer
launch "$(of three 8)"
ok 'another task comes' come TASK_RUNNING
ok 'with its disk' eventually "$patience" limits_are 14680064
ok 'which can be used up' fails overfill
ok 'and is' eventually "$patience" quota_is a three '.state == "denied" and .used_bytes > 14000000'
order 'finish two'
ok 'a task ends' come TASK_FINISHED
ok 'and its disk goes' eventually "$patience" limits_are 10485760
ok '  and its files' eventually "$patience" files_are 9
rm "$box/rest"
order 'finish one'
come TASK_FINISHED
order 'finish three'
come TASK_FINISHED
ok 'without a task that has any it has no limit' eventually "$patience" limits_are 0
ok '  of files neither' eventually "$patience" files_are 0
is 'nobody was told again, nor who came later' "$denials" ''

# None of its tasks runs, for all that its agent knows: the first that does is told.
executor=y
large_offer 1
launch "$(of shy 2)"
come TASK_RUNNING
order quiet
order 'finish shy'
come TASK_FINISHED
large_offer 1
launch "$(of four 2)"
box=$(sandbox a y)
ok 'a task is with its executor' eventually "$patience" limits_are 2097152
ok 'which is refused a write' fails overfill
ok 'and denied before a task is said to run' eventually "$patience" quota_is a four '.state == "denied"'
order 'again four'
update
acknowledge
is 'it is said to run' "$task $state $message" 'four TASK_RUNNING said so'
update
acknowledge
is 'and is told then' "$task $state $message" 'four TASK_RUNNING Disk quota (2MB) is used up: a write was refused'

# Its program is the first that runs in the container: statfs(2) of a directory of a project says the limit, in blocks.
large_offer 1
launch "$(of first 5 | jq -c '.executor |= (.executor_id.value = "first" |
	.command = {shell: false, value: "/usr/bin/stat", arguments: ["stat", "-f", "-c", "%b %S", "."]})')"
has_looked() { [ -s "$(sandbox a first)/stdout" ]; }
ok 'an executor looks at its limit before all else' eventually "$patience" has_looked
read -r blocks size <"$(sandbox a first)/stdout"
is 'it is in force by then' "$((blocks * size))" $((5 << 20))
call TEARDOWN
disconnect "$fd"

# ---- how it grows

begin swells 16 'for i in $(seq 30); do head -c 512K /dev/zero >file$i; sleep 0.3; done; touch mark; sleep 1000'
ok 'quota show says how fast a container grows, and when it will be full' eventually "$patience" quota_is a swells \
	'.growth_bytes_per_minute > 0 and .full_in_seconds > 0 and .state == "ok"'
like 'in words too' "$(agentctl a quota show swells)" $'GROWTH/MIN +FULL IN +STATE.*\n.*% +\\+[0-9.]+[KM]B +[0-9.]+ [a-z]+ +ok '
ok 'and that it is nearly so' eventually "$patience" quota_is a swells '.state == "near" and .percent >= 90 and .percent < 100'
stop swells INT

# ---- ids

stop a USR1
mkdir "$TMPDIR/foreign"
touch "$TMPDIR/foreign/file"
head -c 65536 /dev/zero >"$TMPDIR/foreign/file"
chattr -p 7001 "$TMPDIR/foreign/file"
sync -f "$TMPDIR"
start_agent b "${quotas[@]}" '--xfs_project_range=[7000-7001,7900-7900]' --gc_delay=1hrs
is 'ids of all ranges count, and those that others use are not free' \
	"$(metric b containerizer/mesos/disk/project_ids_total) $(metric b containerizer/mesos/disk/project_ids_free)" '3 2'
for t in one two; do
	begin $t 4 'touch mark; sleep 1000'
	runs $t
done
is 'and not given out, but those of both ranges' "$(project "$(sandbox b one)") $(project "$(sandbox b two)")" '7000 7900'
execute --name=three --user=$user --resources='cpus:0.1;mem:32;disk:4' --command=true
like 'without an id a launch fails' "$status $out" '^1 .*TASK_FAILED.*no project id of --xfs_project_range=\[7000-7001,7900-7900\] is free: 3 in all, 2 of sandboxes, 0 of sandboxes that are gone but still charged, 1 of others'
old=$(sandbox b one)
head -c 65536 /dev/zero >"$old/moved"
mv "$old/moved" "$TMPDIR/moved"
stop one INT
eventually "$patience" answers b /state.json '[.frameworks[].executors[].id] | index("one") | not'
is 'a sandbox that is kept keeps its id' "$(metric b containerizer/mesos/disk/project_ids_free)" 0
begin four 4 'touch mark; sleep 1000'
gone() { [ ! -e "$old" ]; }
ok 'when an id is needed the oldest sandbox goes early' eventually "$patience" gone
finish four
like 'but what was moved out of it still is charged' "$(<"$dir/four.out")" '1 of sandboxes that are gone but still charged'
rm "$TMPDIR/moved"
free_is() { [ "$(metric b containerizer/mesos/disk/project_ids_free)" = "$1" ]; }
ok 'until that is gone' eventually "$patience" free_is 1
begin five 4 'touch mark; sleep 1000'
runs five
is 'then the id is given out again' "$(project "$(sandbox b five)")" 7000
older=$(sandbox b two) newer=$(sandbox b five)
stop two INT
eventually "$patience" answers b /state.json '[.frameworks[].executors[].id] | index("two") | not'
stop five INT
eventually "$patience" answers b /state.json '[.frameworks[].executors[].id] | index("five") | not'
begin six 4 'touch mark; sleep 1000'
runs six
is 'of two that are kept the older one goes' "$(project "$(sandbox b six)")" 7900
ok '  and no more than one' test -e "$newer/mark" -a ! -e "$older"
stop six INT
stop b USR1
rm -r "$TMPDIR/foreign"
soon=("${quotas[@]}" '--xfs_project_range=[7100-7101]' --gc_delay=100ms)
start_agent b "${soon[@]}"
for t in low high; do
	begin $t 4 'touch mark; sleep 1000'
	runs $t
done
is 'of two new ids' "$(project "$(sandbox b low)") $(project "$(sandbox b high)")" '7100 7101'
stop high INT
ok '  one is given back' eventually "$patience" free_is 1
stop low INT
ok '  and then the other' eventually "$patience" free_is 2
eventually "$patience" stored b
stop b KILL
start_agent b "${soon[@]}"
begin next 4 'touch mark; sleep 1000'
runs next
is '  the one that is free for longer is the next, for another agent too' "$(project "$(sandbox b next)")" 7101
stop next INT
stop b
start_agent b "${soon[@]/100ms/1hrs}"
begin mixed 4 'mkdir -p sub/deep; touch sub/deep/file mark; sleep 1000'
runs mixed
box=$(sandbox b mixed)
eventually "$patience" test -e "$box/mark"
stop mixed INT
eventually "$patience" answers b /state.json '[.frameworks[].executors[].id] | index("mixed") | not'
chattr -R -p 7 "$box/sub"
stop b
start_agent b "${soon[@]}"
ok 'a sandbox in which there is what belongs to others is deleted all the same' eventually "$patience" fails test -e "${box%/*}"
ok '  and its id is given back' eventually "$patience" free_is 2
stop b USR1

# ---- kill

# Nobody looks by himself: it is the kernel's warning that ends them.
start_agent c "${quotas[@]/200ms/1hrs}" "$range" --disk_quota_action=kill --xfs_quota_headroom=2MB
begin over 4 'head -c 5M /dev/zero >file; sleep 1000'
finish over
like 'with kill a container that passes its limit is killed' "$status $(<"$dir/over.out")" \
	'^1 .*TASK_FAILED.*Disk usage \([0-9A-Z]+\) exceeds quota \(4MB\).*SOURCE_AGENT.*REASON_CONTAINER_LIMITATION_DISK'
begin flood 4 'touch began; until test -e '"$dir/flood"'; do sleep 0.2; done; head -c 16M /dev/zero >file; echo "status $?" >'"$dir/open/flood"'; sleep 1000'
runs flood
box=$(sandbox c flood)
eventually "$patience" written "$box" began
kill -s STOP "${pid[c]}"
touch "$dir/flood"
ok 'one that nobody ends yet is refused above its limit' eventually "$patience" grep -q 'status 1' "$dir/open/flood"
is 'at the headroom' "$(limits)" '4194304 6291456'
no_further() { q get "$TMPDIR" "$(project "$box")" | awk '{ exit $1 > $3 }'; }
ok 'and no further' eventually "$patience" no_further # but for what XFS reserves in the moment in which it writes back
ok 'but no sooner' test "$(stat -c %s "$box/file")" -gt 6200000
kill -s CONT "${pid[c]}"
finish flood
like 'and ended when somebody is there to do it' "$status $(<"$dir/flood.out")" '^1 .*TASK_FAILED.*exceeds quota \(4MB\)'
is 'both are counted' "$(metric c slave/container_disk_kills)" 2
# XFS gives it as much again behind its end, until it is closed.
begin grows '12;disk_inodes:6' 'exec 3>file; for i in 1 2 3 4 5 6 7 8 9; do head -c 1M /dev/zero >&3; sleep 0.2; done; touch mark last; touch more; sleep 1000'
runs grows
ok 'what a file is given in advance ends nobody' eventually "$patience" written "$(sandbox c grows)" mark
ok 'who is not over without it' quota_is c grows '.used_bytes <= .limit_bytes and .state != "killed"'
ok 'a file too much is refused, as with deny' eventually "$patience" said grows 'message: Disk quota \(6 files\) is used up: a new one was refused'
is 'and nobody else was killed' "$(metric c slave/container_disk_kills)" 2
agentctl c quota set grows 2MB >"$dir/set"
finish grows
like 'one that an operator gives less than it uses is killed' "$(<"$dir/grows.out")" 'exceeds quota \(2MB\)'
# Blocks that no size of a file tells of, and that nobody gave it in advance. ext4 has neither so much of them nor an advance.
# What is deleted is charged for some tens of milliseconds more.
begin anew 4 'for i in $(seq 60); do rm -f file; head -c 3M /dev/zero >file; done; touch mark; sleep 1000'
runs anew
ok 'one that makes again what it has deleted never has too much, and goes on' eventually "$patience" written "$(sandbox c anew)" mark
stop anew INT
attributes='for my $i (1 .. 80) { my ($file, $name, $value) = ("f$i", "user.x", "x" x 65536); open F, ">$file"; syscall(188, $file, $name, $value, 65536, 0) }'
if [ "$fs" = xfs ]; then
	begin hides 4 "perl -e '$attributes'; sleep 1000"
	begin reserves 4 'touch file; fallocate -n -l 5M file; sleep 1000'
	finish hides
	like 'one that has its data in attributes of empty files is killed' "$(<"$dir/hides.out")" 'exceeds quota \(4MB\)'
	finish reserves
	like 'and one that has reserved too much behind the end of a file' "$(<"$dir/reserves.out")" 'exceeds quota \(4MB\)'
fi
framework told
large_offer 1
launch "$(task more ".resources += $(scalars disk:4) | .command.value = \"head -c 5M /dev/zero >file; sleep 1000\"")"
ok 'its framework is told how much it used of the disk' reaches TASK_FAILED
is '  and nothing else' "$source $reason $(jq -c '.update.status.limitation.resources | map([.name, .type, .role, .scalar.value > 4 and .scalar.value <= 6])' <<<"$line")" \
	'SOURCE_AGENT REASON_CONTAINER_LIMITATION_DISK [["disk","SCALAR","*",true]]'
call TEARDOWN
disconnect "$fd"
stop c USR1

# A scan counts what a file has in advance too, and may be there before the quota was read.
both=("${quotas[@]/disk\/$fs/disk/$fs,posix/disk}" "$range" --disk_quota_action=kill --xfs_quota_headroom=20MB)
start_agent c "${both[@]}"
begin holds 12 'exec 3>file; for i in 1 2 3 4 5 6 7 8 9; do head -c 1M /dev/zero >&3; done; touch mark; sleep 1000'
runs holds
eventually "$patience" written "$(sandbox c holds)" mark
measured_since() { quota_is c holds '.witness == "quota" and .scanned_bytes != null and .limit_bytes == '"$1"; }
# Most often XFS gives it in advance what it may not have; whether it does is XFS's affair, and takes no longer than this.
charged_is_more() { quota_is c holds '.used_bytes > 12582912'; }
[ "$fs" = ext4 ] || eventually 10 charged_is_more
diag "charged for 9 MB that were written: $(quota c holds .used_bytes)"
for limit in 12582912 11534336; do
	ok 'a file that is held open is looked at by quota and scan' eventually "$patience" measured_since "$limit"
	stop c KILL
	start_agent c "${both[@]}"
	ok '  also of an agent that has found it again' eventually "$patience" measured_since "$limit"
	agentctl c quota set holds 11MB >"$dir/set"
done
ok '  and ends nobody, nor does a lower limit' quota_is c holds '.state != "over" and .state != "killed"'
is '  which is not counted either' "$(metric c slave/container_disk_kills)" 0
ok '  as long as it is above what was written' agentctl c quota set holds 8MB
finish holds
like '  and else it does' "$(<"$dir/holds.out")" 'exceeds quota \(8MB\)'
stop c USR1

# ---- accounting only

start_agent d --isolation="disk/quota,posix/disk" --container_disk_watch_interval=200ms "$range" --enforce_container_disk_quota=false
begin free 2 'head -c 4M /dev/zero >file; touch mark; sleep 1000'
runs free
ok 'without enforcement it may write' eventually "$patience" quota_is d free '.state == "over" and .used_bytes > 4000000 and .limit_bytes == 2097152 and .hard_bytes == null'
ok 'which its statistics say' answers d /monitor/statistics.json 'map(select(.executor_id == "free") | .statistics | .disk_used_bytes > .disk_limit_bytes) == [true]'
ok 'and a scan looks too' eventually "$patience" quota_is d free '.scanned_bytes > 4000000 and .witness == "quota"'
begin churns 16 'while :; do head -c 8M /dev/zero >file; rm file; done'
runs churns
scans=$(metric d slave/disk_scans)
has_scanned() { [ "$(metric d slave/disk_scans)" -ge $((scans + 30)) ]; }
eventually "$patience" has_scanned
unlike 'what is made and deleted again and again escapes nothing' "$(<"$dir/d.log")" 'escapes its quota'
stop churns INT
stop free INT
stop d USR1

# ---- an earlier life without quotas

start_agent e --isolation=posix/disk
begin lived 4 'echo begins; mkdir d; head -c 5M /dev/zero >d/file; ln -s d link; mkfifo pipe; touch mark; until test -e '"$dir/go"'; do sleep 0.2; done; head -c 8M /dev/zero >d/more; echo "status $?"; sleep 1000'
runs lived
box=$(sandbox e lived)
eventually "$patience" written "$box" mark
stop e KILL
touch "$box/d/leased"
spawn lease perl -e "$lease" "$box/d/leased"
eventually "$patience" said lease held
start_agent e "${quotas[@]}" "$range"
ok 'a sandbox from before is given a project and its limit before the agent serves' \
	awk '/its sandbox is of project/ { given = 1 } /agent: serving/ { exit !given }' "$dir/e.log"
ok '  for what is made in it from then on' inherits "$box"
ok 'it is adopted' eventually "$patience" quota_is e lived '.project != null and .hard_bytes == 4194304 and .used_bytes > 5000000'
ok 'though it is above its limit, and that is said' eventually "$patience" quota_is e lived '.state == "over"'
ok 'to its framework too' eventually "$patience" said lived 'message: Disk quota \(4MB\) is used up'
id=$(quota e lived .project)
is 'with all that is in it' "$(project "$box") $(project "$box/d") $(project "$box/d/file")" "$id $id $id"
ok 'but what is leased, which is said' eventually "$patience" logged e "W.*its sandbox is not all of project $id yet: a task holds leases .* on 1 of its files"
stop lease
ok 'until it is not' eventually "$patience" project_is "$box/d/leased" "$id"
ok 'which is said too' eventually "$patience" logged e "I.*its sandbox is all of project $id now"
moves() { perl -e 'rename(shift, shift) or die "$!\n"' "$1" "$2" 2>"$dir/moves.err"; }
ok 'a link that it had cannot be moved in it' fails moves "$box/link" "$box/other"
is '  as that is of no project' "$(<"$dir/moves.err")" 'Invalid cross-device link'
unlike 'in a project that no other agent has used here' "$id" '^500[0-2]$'
touch "$dir/go"
ok 'it is refused all that it writes from then on' eventually "$patience" told "$box" 'status [12]'
ok 'to the last byte' fails test -s "$box/d/more"
stop e
start_agent e "${quotas[@]}" "$range" --xfs_kill_containers --xfs_quota_headroom=1MB
finish lived
like 'one that is over when it is found is killed where that is asked for' "$(<"$dir/lived.out")" 'exceeds quota \(4MB\)'
stop e USR1

# ---- as it comes

start_agent f --isolation=disk/quota --enforce_container_disk_quota --disk_quota_action=kill
begin plain 4 'touch mark; sleep 1000'
runs plain
box=$(sandbox f plain)
is 'ids are of a million, and the headroom is 10MB' "$(metric f containerizer/mesos/disk/project_ids_total) $(project "$box") $(limits)" \
	'1000000 1000000000 4194304 14680064'
stop plain INT
stop f USR1

done_testing
