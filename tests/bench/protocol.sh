#!/bin/bash
# Protocol round trips per second over loopback TCP, one server process: ours beside the same with jansson's trees,
# and beside a bare epoll loop that parses nothing. Rounds are interleaved.
#   tests/bench/protocol.sh [ROUNDS]
source "${BASH_SOURCE%/*}/common"

rounds=${1:-$(choose 1 7)}
seconds=$(choose 0.2 1)
bench=${MESOS_BUILD:?names the build tree}/tests/bench/protocol
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# run CONNECTIONS IN_FLIGHT
run() {
	local who rate
	rm -f "$work"/*
	for _ in $(seq "$rounds"); do
		for who in ours jansson echo; do
			rate=$("$bench" $who "$1" "$2" "$seconds")
			echo "$rate" >>"$work/$who"
		done
		for who in jansson echo; do
			ratio "$(tail -n 1 "$work/ours")" "$(tail -n 1 "$work/$who")" >>"$work/$who.ratio"
			echo >>"$work/$who.ratio"
		done
	done
	for who in ours jansson echo; do
		printf '%11s %9s  %-8s %10.0f' "$1" "$2" $who "$(median <"$work/$who")"
		[ $who = ours ] || printf '  ours is %.2f of it' "$(grep . "$work/$who.ratio" | median)"
		echo
	done
}

echo "# protocol: status updates acknowledged per second; $rounds round(s) of $seconds s"
printf '%11s %9s  %-8s %10s\n' connections in_flight server per_second
run 1 1
run 64 1
run 64 16
