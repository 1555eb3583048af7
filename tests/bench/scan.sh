#!/bin/bash
# How long a disk scan takes beside GNU du, whole processes on the same tree in
# interleaved rounds: what counts is the median of the ratios within a round.
# It reports and never fails on time, only when the two disagree on the bytes.
#   tests/bench/scan.sh [ROUNDS]        TMPDIR: where the tree of 1 GB goes
source "${BASH_SOURCE%/*}/common"

rounds=${1:-$(choose 1 11)} cold_rounds=$(choose 1 5)
scan=${MESOS_BUILD:-build}/tests/bench/scan
n_dirs=$(choose 200 2000) n_files=100

work=$(mktemp -d "${TMPDIR:-/var/tmp}/scan-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
tree=$work/tree
mkdir "$tree"

microseconds() {
	local start=$EPOCHREALTIME
	"$@" >"$work/out"
	local end=$EPOCHREALTIME
	echo $((${end/./} - ${start/./}))
}

measure_du() { microseconds du -s --block-size=1 -x "$tree"; }
measure_scan() { microseconds "$scan" "$tree" "$1"; }

median_of() { median <"$1"; }

check_bytes() {
	local du ours
	du=$(du -s --block-size=1 -x "$tree" | cut -f1)
	for threads in 1 2; do
		ours=$("$scan" "$tree" $threads | sed 's/^bytes=\([0-9]*\) .*/\1/')
		if [ "$ours" != "$du" ]; then
			echo "scan.sh: du says $du bytes, $threads worker(s) $ours" >&2
			exit 1
		fi
	done
	echo "# bytes: $du, the same as du's with one worker and with two"
}

# run NAME ROUNDS BEFORE GOAL1 GOAL2: BEFORE is run ahead of each command.
run() {
	local name=$1 rounds=$2 before=$3 du t
	rm -f "$work"/*.us "$work"/*.ratio
	for _ in $(seq "$rounds"); do
		$before
		du=$(measure_du)
		echo "$du" >>"$work/du.us"
		for threads in 1 2; do
			$before
			t=$(measure_scan $threads)
			echo "$t" >>"$work/$threads.us"
			awk "BEGIN { print $t / $du }" >>"$work/$threads.ratio"
		done
	done
	printf '%-6s %-10s %8.1f %6s %6s\n' "$name" du "$(ms "$work/du.us")" 1.000 -
	printf '%-6s %-10s %8.1f %6.3f %6s\n' "$name" '1 worker' "$(ms "$work/1.us")" \
		"$(median_of "$work/1.ratio")" "$4"
	printf '%-6s %-10s %8.1f %6.3f %6s\n' "$name" '2 workers' "$(ms "$work/2.us")" \
		"$(median_of "$work/2.ratio")" "$5"
}

ms() { awk "BEGIN { print $(median_of "$1") / 1000 }"; }
drop_caches() { sync; echo 3 >/proc/sys/vm/drop_caches; }

"$scan" make "$tree" "$n_dirs" "$n_files"
sync
check_bytes
echo "# $n_dirs directories of $n_files names, $n_dirs of them hard links; $rounds rounds (cold: $cold_rounds)"
printf '%-6s %-10s %8s %6s %6s\n' cache who ms ratio goal
run warm "$rounds" : '<=0.95' '<=0.55'
if [ -w /proc/sys/vm/drop_caches ]; then
	run cold "$cold_rounds" drop_caches - '<=0.65'
else
	echo "# cold: skipped, only root may drop the caches"
fi
