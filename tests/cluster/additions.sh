# shellcheck shell=bash
# Plans with additions: no flag of an agent makes any, so what it starts is a script that puts them in and goes on as mesos-executor.
# shellcheck disable=SC2154  # dir comes from lib.sh

# additions FILTER: jq's, on the launch plan of all containers from now on. The agent is to have --launcher_dir=$dir/launcher.
additions() {
	mkdir -p "$dir/launcher"
	printf '%s\n' "$1" >"$dir/launcher/.filter"
	mv "$dir/launcher/.filter" "$dir/launcher/filter"
	[ ! -e "$dir/launcher/mesos-executor" ] || return 0
	cat >"$dir/launcher/mesos-executor" <<-END
		#!/bin/bash
		[ \$# = 0 ] || exec "$MESOS_BUILD/libexec/mesos/mesos-executor" "\$@"
		umask 077
		jq -cf "$dir/launcher/filter" <&3 >"$dir/launcher/plan.\$\$" || exit
		exec 3<"$dir/launcher/plan.\$\$"
		rm "$dir/launcher/plan.\$\$"
		exec -a mesos-executor "$MESOS_BUILD/libexec/mesos/mesos-executor"
	END
	chmod 755 "$dir/launcher/mesos-executor"
}
