# shellcheck shell=bash
# What tests of modules share: the JSON of --modules, and the processes that hold them.
# shellcheck disable=SC2154  # pid and patience come from lib.sh

examples=$(cd "$MESOS_BUILD/tests/modules" && pwd)

# module NAME [KEY=VALUE]...: one of a library.
module() {
	local name=$1
	shift
	jq -nc --arg name "$name" '{name: $name, parameters: [$ARGS.positional[] | capture("^(?<key>[^=]*)=(?<value>.*)$"; "m")]}' --args -- "$@"
}

# library FILE MODULE...: an example by its name, or a path.
library() {
	local file=$1
	shift
	[[ $file == */* ]] || file=$examples/$file.so
	printf '%s\n' "$@" | jq -sc --arg file "$file" '{file: $file, modules: .}'
}

# modules LIBRARY...: as --modules takes it.
modules() { printf '%s\n' "$@" | jq -sc '{libraries: .}'; }

# hosts DAEMON: the pids of its module hosts.
hosts() { pgrep -P "${pid[$1]}" -x mesos-module-ho; }
host_count() { hosts "$1" | wc -l; }
has_hosts() { [ "$(host_count "$1")" = "$2" ]; }

# labels_of DAEMON TASK: as its /state.json has them.
labels_of() { get "$1" /state.json | jq -c --arg t "$2" '[.frameworks[] | .tasks[]?, .executors[]?.tasks[]?] | map(select(.id == $t))[0].labels'; }
