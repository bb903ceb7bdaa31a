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

prepare_under_load() {
  "$api_load" api/socket /updates/status 1 $fast_rate $load_seconds >api/fast &
  local fast=$!
  "$api_load" api/socket /updates/progress $slow_clients 1 $load_seconds >api/slow &
  local slow=$!
  prepare
  kill $fast $slow
  wait $fast $slow 2>/dev/null || true
}

bench_api() {
  local rounds=$1 round one
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
  say "A round that is not counted"
  prepare >/dev/null
  : >measured
  for ((round = 1; round <= rounds; round++)); do
    say "Round $round of $rounds"
    echo "$(prepare) $(prepare_under_load)" | tee -a measured
  done
  awk '{ printf "%.4f\n", $2 / $1 }' measured | sort -n >ratios
  awk -v one="$one" -v machine="$(machine)" '{ ratio[NR] = $1 }
    END { printf "{ \"one_connection\": %s, \"slowed_by\": %.4f, \"rounds\": %d, \"machine\": %s }\n",
      one, ratio[int((NR + 1) / 2)] - 1, NR, machine }' ratios | tee api.json
}
