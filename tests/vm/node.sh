# shellcheck shell=bash
# shellcheck disable=SC2034 # for what sources it
# What scenarios with a node share: a master and an agent in the guest, as systemd runs them, whose tasks have project quotas.
# Over tests/vm/vm.sh.

node_filesystems=(xfs ext4) # on which it may be
node_patience=300           # seconds that anything may take there

# node_new FILESYSTEM: a fresh machine, switched on, and the node in it, on that one, which comes up at each boot.
node_new() {
	node_work=/srv/$1/mesos # --work_dir
	# Until it is on the disk that XFS has counted its quotas each mount does that anew, and complains of what a cut has left of it.
	vm_new && vm_start && node_run "sync && systemd-sysusers && systemd-tmpfiles --create && cd /etc/mesos-agent &&
		echo 127.0.0.1:5050 >master && echo $node_work >work_dir && echo 'cpus:100;mem:100000;disk:10000' >resources &&
		echo disk/$1 >isolation && touch '?enforce_container_disk_quota' && echo '[5000-5059]' >xfs_project_range &&
		echo 1secs >container_disk_watch_interval && echo 1secs >status_update_retry_interval_min &&
		echo 100ms >registration_backoff_factor && echo 100ms >/etc/mesos-master/allocation_interval &&
		systemctl -q enable --now mesos-master mesos-agent && sync" && node_registers # the node is installed before its power is cut
}

# node_run COMMAND: in the guest; its output and exit status.
node_run() { vm_run "$node_patience" "$1"; }

# node_on: switched on, until the agent is with the master; 1 if a unit failed.
node_on() { vm_start && node_registers; }
node_registers() {
	# shellcheck disable=SC2016 # for the shell there
	node_run 'until [[ $(systemctl show --value -p StatusText mesos-agent) = "Serving; registered"* ]]; do sleep 0.2; done'
}

# node_load LIFE SEED FRAMEWORK TASK...: power/load there. node_look: power/look.
node_load() { node_run "cd /srv/build/tests/vm && MESOS_BUILD=/srv/build/build exec power/load $*"; }
node_look() { node_run "/srv/build/tests/vm/power/look $node_work"; }
# node_not_garbage FILE: the sandboxes there, by what power/look has said, that do not wait for their removal.
node_not_garbage() {
	awk '$1 == "garbage" { garbage[$2] } $1 == "sandbox" { box[$3] } END { for (b in box) if (!(b in garbage)) print b, "is nobody'\''s" }' "$1"
}
# node_settles FILE: power/look into it; 1 if a sandbox does not wait for its removal. When no task runs that may still change: what load
# has acknowledged may not have come to the agent yet, which keeps the sandbox until then.
node_settles() { node_look >"$1" && [ -z "$(node_not_garbage "$1")" ]; }
# node_open FILE: the tasks that have not ended, by what power/load has said; TASK? if nothing was heard of it.
node_open() {
	awk '$1 == "launched" { open[$2] = "?" } $1 == "heard" && ($2 in open) { open[$2] = "" }
		$1 == "heard" && $3 ~ /FINISHED|FAILED|KILLED|LOST|ERROR/ { delete open[$2] }
		END { for (t in open) print t open[t] }' "$1" | sort -V
}
