#!/bin/bash
# How many /metrics/snapshot a real agent answers per second, as JSON and for Prometheus, beside a bare epoll loop
# that sends a body of the same size; wrk with 32 connections, interleaved rounds.
#   tests/bench/metrics-http.sh [ROUNDS]
source "${BASH_SOURCE%/*}/common"
source "${BASH_SOURCE%/*}/../cluster/lib.sh"

rounds=${1:-$(choose 1 5)}
seconds=$(choose 1 2)

# load PORT HEADER: appends requests per second, p50 and p99 in ms to the file $4.
load() {
	wrk -t1 -c32 -d"${seconds}s" --latency -H "$2" "http://127.0.0.1:$1/metrics/snapshot" |
		awk '
			function ms(t) { return t ~ /us$/ ? t / 1000 : t ~ /ms$/ ? t + 0 : t * 1000 }
			$1 == "50%" { p50 = ms($2) }
			$1 == "99%" { p99 = ms($2) }
			/^Requests\/sec/ { rate = $2 }
			END { print rate, p50, p99 }' >>"$dir/$3.rates"
}

column() { cut -d' ' -f"$2" "$dir/$1.rates" | median; }

start_master
start_agent agent --connections_per_peer=1000
body=$(get agent /metrics/snapshot | wc -c)
spawn bare "$MESOS_BUILD/tests/bench/responder" "$body"
eventually "$patience" test -s "$dir/bare.out"

for _ in $(seq "$rounds"); do
	load "${port[agent]}" 'Accept: application/json' json
	load "${port[agent]}" 'Accept: text/plain' prometheus
	load "$(cat "$dir/bare.out")" 'Accept: */*' bare
done
echo "# metrics-http: /metrics/snapshot of an agent, $body bytes as JSON; 32 connections, $rounds round(s) of $seconds s"
printf '%-12s %12s %8s %8s %8s\n' answer requests/s p50_ms p99_ms of_bare
for what in json prometheus bare; do
	printf '%-12s %12.0f %8.2f %8.2f %8.2f\n' $what "$(column $what 1)" "$(column $what 2)" \
		"$(column $what 3)" "$(ratio "$(column $what 1)" "$(column bare 1)")"
done
