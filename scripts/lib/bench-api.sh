# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # shared with scripts/bench: programs; source_dir, work
# The API server under load: status requests on one connection, and an update that is prepared alone
# and beside clients, in turn. Sourced by scripts/bench, in build/bench and with its functions.

# shellcheck source=scripts/lib/bench-install.sh
. "$source_dir/scripts/lib/bench-install.sh"

# Beside an update: one client asks 1,000 times a second, 50 once a second each.
fast_rate=1000 slow_clients=50 load_seconds=600

build_programs() {
  cmake --build --preset release --target programs api_load &&
    install_programs "$work/programs"
}
api_load=$source_dir/build/release/tests/api/api_load

start_api() {
  mkdir -p api
  apiserver --socket-path api/socket --config host/updog.toml --run-dir api/run --root api/root \
    2>api/log &
  api_server=$!
  until grep -q serving api/log; do
    kill -0 $api_server || die "$(cat api/log)"
    sleep 0.1
  done
}

stop_api() {
  [ -z "${api_server-}" ] || kill "$api_server" 2>/dev/null || true
  api_server=
}

api() { apiclient --socket-path api/socket "$@"; }

# A member of the progress document, as text.
progress() { api raw -u /updates/progress | sed -nE "s/.*\"$1\":\"?([^\",}]*)\"?.*/\1/p"; }

# prepare: the seconds that the server counts between its start and its end.
prepare() {
  local started ended
  signpost --disk host/disk.img --active a clear-inactive
  rm -rf host/state
  api raw -u /actions/prepare-update -m POST
  started=$(progress started)
  while [ "$(api raw -u /updates/progress | grep -c '"running":null')" = 0 ]; do sleep 0.5; done
  [ "$(progress cmd_status)" = Success ] || die "prepare failed: $(api raw -u /updates/status)"
  ended=$(progress timestamp)
  echo "$started $ended" | awk '{
    for (i = 1; i <= 2; i++) { split($i, part, /[T:Z-]/); t[i] = part[4] * 3600 + part[5] * 60 + part[6] }
    seconds = t[2] - t[1]; if (seconds < 0) seconds += 86400
    printf "%.3f\n", seconds }'
}

# The same beside the clients. What they bore is in api/fast and api/slow: a server, or a machine, that
# did not answer them as often as they asked was not measured at all.
prepare_under_load() {
  "$api_load" api/socket /updates/status 1 $fast_rate $load_seconds >api/fast &
  local fast=$!
  "$api_load" api/socket /updates/progress $slow_clients 1 $load_seconds >api/slow &
  local slow=$!
  prepare
  kill $fast $slow
  wait $fast $slow || die "the clients failed"
  answered api/fast $fast_rate
  answered api/slow $slow_clients
}

# answered FILE RATE
answered() {
  sed -E 's/.*"failed":([0-9]+).*"per_second":([0-9]+).*/\1 \2/' "$1" |
    awk -v rate="$2" '{ exit !($1 == 0 && $2 >= 0.95 * rate) }' ||
    die "the clients were not answered as often as they asked: $(cat "$1")"
}

# How much the clients slow an update, from "ALONE BESIDE" of each round: the median of the rounds'
# ratios, and the interval in which it lies with at least 95 % confidence, whatever way the times
# scatter: from the k-th smallest ratio to the k-th largest, with the largest k for which a fair coin
# falls fewer than k times on one side in at most 5 % of as many throws (the sign test). The aim of
# 5 % is reached if the whole interval is at or below it, missed if the whole interval is above it,
# and otherwise these rounds cannot tell.
decide() {
  awk '{ printf "%.4f\n", $2 / $1 }' | sort -n | awk -v aim=0.05 '
    { ratio[NR] = $1 }
    END {
      chance = 2 * 0.5 ^ NR; tail = 0
      for (k = 0; tail + chance <= 0.05; k++) { tail += chance; chance *= (NR - k) / (k + 1) }
      median = (ratio[int((NR + 1) / 2)] + ratio[int(NR / 2) + 1]) / 2 - 1
      low = k ? ratio[k] - 1 : -1; high = k ? ratio[NR + 1 - k] - 1 : 1e9
      verdict = high <= aim ? "reached" : low > aim ? "missed" : "cannot tell"
      printf "\"slowed_by\": %.4f, ", median
      if (k) printf "\"at_least\": %.4f, \"at_most\": %.4f, ", low, high
      printf "\"aim\": %.2f, \"verdict\": \"%s\", \"rounds\": %d", aim, verdict, NR
    }'
}

bench_api() {
  local rounds=$1 round one alone beside
  make_image
  make_repository
  start_web_server www server
  make_host
  trap 'stop_api; stop_web_server server' EXIT
  start_api
  api update check >/dev/null
  say "Status requests on one connection, as fast as they are answered, for 5 seconds"
  one=$("$api_load" api/socket /updates/status 1 0 5)
  echo "$one"
  say "An update alone and beside the clients, $rounds times each; one round before is not counted"
  prepare >/dev/null
  prepare_under_load >/dev/null
  : >measured
  for ((round = 1; round <= rounds; round++)); do
    # In turn, so that a machine that slows down or warms up favours neither.
    if ((round % 2)); then
      alone=$(prepare)
      beside=$(prepare_under_load)
    else
      beside=$(prepare_under_load)
      alone=$(prepare)
    fi
    echo "$alone $beside" | tee -a measured
  done
  echo "{ \"one_connection\": $one, \"beside\": $(cat api/fast), $(decide <measured)," \
    "\"machine\": $(machine) }" | tee api.json
}
