# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # shared with scripts/bench: programs; source_dir, work, web_port
# tuf-client beside python-tuf's client: a refresh, the look-up of one target and its download, with an
# empty cache over the loopback interface, and again with everything in the cache on the disk.
# Sourced by scripts/bench, in build/bench and with its functions.

python=$source_dir/build/python-tuf/bin/python
# tests/interop/bench_repositories.py says what they are.
cases=(usual targets bins)

programs=$source_dir/build/release/tough
build_programs() { cmake --build --preset release --target tuf-client; }

make_tuf_repositories() {
  [ ! -e repositories/complete ] || return 0
  say "Making the repositories with python-tuf"
  rm -rf repositories
  "$python" "$source_dir/tests/interop/bench_repositories.py" repositories
  touch repositories/complete
}

# look_up CASE CLIENT NAME: measured as NAME; the client's files are below CLIENT/CASE.
look_up() {
  local url=http://127.0.0.1:$web_port/$1 home=$2/$1 root=repositories/$1/metadata/1.root.json target
  target=$(<"repositories/$1/looked-up")
  if [ "$2" = tough ]; then
    measure "$3" tuf-client --metadata-dir "$home/metadata" --metadata-url "$url/metadata" \
      --target-base-url "$url/targets" --target-dir "$home/targets" --target-name "$target" download
  else
    measure "$3" "$python" "$source_dir/tests/interop/bench_ngclient.py" "$root" \
      "$home/metadata" "$url/metadata" "$url/targets" "$home/targets" "$target"
  fi
  [ "$(find "$home/targets" -type f -exec cat {} +)" = "$target" ] || die "$3: not the target"
}

# Both clients, one after the other, so that what slows the machine for a while slows both.
measure_case() {
  local client
  for client in tough python; do
    rm -rf "${client:?}/$1"
    if [ $client = tough ]; then
      tuf-client --metadata-dir "tough/$1/metadata" init "repositories/$1/metadata/1.root.json"
    fi
    look_up "$1" $client "$1 loopback $client"
    look_up "$1" $client "$1 disk $client"
  done
}

bench_tough() {
  local rounds=$1 round name
  (cd "$source_dir" && scripts/python-tuf)
  make_tuf_repositories
  rm -rf tough python && mkdir tough python
  start_web_server repositories server
  say "A round that is not counted"
  for name in "${cases[@]}"; do measure_case "$name"; done
  : >measured
  for ((round = 1; round <= rounds; round++)); do
    say "Round $round of $rounds"
    measure "curl --version alone" curl --version
    measure "start alone tough" tuf-client --help
    measure "start alone python" "$python" -c 'import tuf.ngclient'
    for name in "${cases[@]}"; do measure_case "$name"; done
  done
  say
  say "$("$python" -m pip list 2>/dev/null | sed -n 's/^tuf  */python-tuf /p'), $("$python" --version); $rounds rounds"
  for name in "${cases[@]}"; do
    echo "largest $name $(find "repositories/$name/metadata" -printf '%s\n' | sort -n | tail -n 1)"
  done | awk -v json=tough.json -v machine="$(machine)" -f "$source_dir/scripts/lib/median.awk" \
    -f "$source_dir/scripts/lib/bench-tough.awk" - measured
  say
  note "The figures are in build/bench/tough.json too."
}
