#!/usr/bin/env bash
# Runs the blocks of commands of "Hosts" in docs/operations.md, in order, in one shell: on a host whose
# disk is an image, with the real programs, and with an ECS that is a web server of this machine.
#   tests/e2e/operations_hosts_test.sh SOURCE_DIRECTORY BUILD_DIRECTORY
set -euo pipefail
source=$(realpath "$1")
page=$source/docs/operations.md
build=$(realpath "$2")
PATH=$build/updog:$build/tough/tuftool:$build/api:$build/signpost:$PATH:/usr/sbin:/sbin
# shellcheck source=scripts/lib/disk.sh
. "$source/scripts/lib/disk.sh"
directory=$(mktemp -d)
clean_up() {
  for file in "$directory"/*.pid; do kill "$(cat "$file")" 2>/dev/null || true; done
  rm -rf "$directory"
}
trap clean_up EXIT
cd "$directory"
fail() {
  echo "$*" >&2
  exit 1
}
# wait_for FILE: until a program that was started has written there.
wait_for() {
  for _ in $(seq 600); do
    [ ! -s "$1" ] || return 0
    sleep 0.1
  done
  fail "nothing in $1"
}

# A publisher, and two releases.
{
  tuftool root init root.json
  tuftool root expire root.json 'in 1 week'
  tuftool root gen-ed25519-key root.json key.pem --role root --role targets --role snapshot --role timestamp
  tuftool root sign root.json --key key.pem
} >/dev/null
release() {
  mkdir -p "$1"
  for kind in boot root hash; do
    seq 1 5000 | sed "s/^/$1 $kind /" >"$1/$kind.img"
    updata compress-image "$1/$kind.img" --out "$1/demo-$1-$kind.img.zst" --level 1
  done
  cat >"$1/release.toml" <<END
version = "$1"
variant = "demo"
arch = "x86_64"
[images]
boot = "demo-$1-boot.img.zst"
root = "demo-$1-root.img.zst"
hash = "demo-$1-hash.img.zst"
END
  publish "$1/release.toml" --repo repository --root root.json --schedule none --key key.pem >/dev/null
}
release 1.0.0
release 1.1.0

# A host that runs 1.0.0 from set A, with what the package installs.
make_disk disk.img 1.0.0 16
cmake --install "$build" --component host --prefix "$directory/root/usr" >/dev/null
mkdir -p root/{etc,run,usr/lib/updog/hooks,usr/share/factory/etc,var/cache/updog,var/lib/updog}
printf 'VARIANT_ID=demo\nVERSION_ID=1.0.0\nPRETTY_NAME="Demo"\nBUILD_ID=1\n' >root/usr/lib/os-release
cat >root/usr/share/factory/etc/updog.toml <<END
metadata_base_url = "file://$directory/repository/metadata"
targets_base_url = "file://$directory/repository/targets"
arch = "x86_64"
trusted_root = "$directory/root.json"
os_release = "$directory/root/usr/lib/os-release"
metadata_dir = "$directory/root/var/cache/updog/metadata"
migrations_dir = "$directory/root/var/lib/updog/migrations"
state_dir = "$directory/root/var/lib/updog"
disk = "$directory/disk.img"
active_set = "a"
END
updog-settings --root root start
apiserver --socket-path root/run/api.sock --config root/etc/updog.toml --updog "$build/updog/updog" \
  --run-dir run --root root 2>server.log &
echo $! >server.pid
wait_for server.log
next() { signpost --disk disk.img --active a status | sed -n 's/^Next: *//p'; }

# The page's programs, on this host, whose disk is an image: it is asked to restart, and cannot.
api() { command apiclient --socket-path root/run/api.sock "$@"; }
# shellcheck disable=SC2317
apiclient() {
  if [ "$*" = reboot ]; then
    ! api reboot 2>refusal && grep -q 'Status 500' refusal
  else
    api "$@"
  fi
}
# The timer's service, once, and in the window whatever the hour.
# shellcheck disable=SC2317
systemctl() {
  [ "$*" = "enable --now updog-agent.timer" ] && [ -e "root/usr/lib/systemd/system/$3" ] &&
    api set agent.window-start=00:00 agent.window-duration='24 hours' agent.jitter='0 minutes' \
      agent.window-days='["mon", "tue", "wed", "thu", "fri", "sat", "sun"]' && run_agent
}
run_agent() { updog-agent --root root --updog "$directory/updog"; }
cat >updog <<END
#!/bin/sh
[ "\$*" != 'update-apply --image 1.1.0 --reboot' ] || set -- update-apply --image 1.1.0
exec "$build/updog/updog" --config "$directory/root/etc/updog.toml" "\$@"
END
chmod +x updog

# block HEADING: runs the page's commands below it; absolute paths are this host's.
block() {
  awk -v heading="### $1" '
    /^#/ { inside = $0 == heading }
    /^```sh$/ { commands = inside; next } /^```$/ { commands = 0 } commands' "$page" |
    sed "s, /usr/, $directory/root/usr/,g" >commands
  [ -s commands ] || fail "the page has no commands below '$1'"
  set -x
  # shellcheck disable=SC1091
  . ./commands
  { set +x; } 2>/dev/null
}
# As if the host had restarted since: what the agent remembers is another boot's.
restart() {
  local memory=root/var/lib/updog/agent.json
  jq '.restart.boot_id = "another"' $memory >remembered && mv remembered $memory
}

block "Alone"
[ "$(next)" = B ] || fail "the agent has not applied the update"

# Each mount is a path of the package: a socket's, or a program's.
awk '/^### Kubernetes/ { inside = 1 } /^### Sched/ { inside = 0 } inside && /^\| `/' "$page" | cut -d'`' -f2 >mounts
[ "$(wc -l <mounts)" = 2 ] || fail "the table of mounts is another"
while read -r path; do
  grep -qx "ListenStream=$path" root/usr/lib/systemd/system/apiserver.socket || [ -x "root/usr$path" ] ||
    fail "the package has no $path"
done <mounts
block "Kubernetes, with Brupop"
[ "$(api get settings.updates.ignore-waves | jq '.. | booleans')" = true ] || fail "waves are not ignored"
restart
run_agent 2>&1 | grep -q "switched off" || fail "two would update this host"

# Under ECS: the instance is drained before the restart, and back after it.
"$source/tests/e2e/ecs_service.py" ecs.log >ecs.address &
echo $! >ecs.pid
wait_for ecs.address
signpost --disk disk.img --active a cancel-upgrade
rm root/var/lib/updog/agent.json
address=$(cat ecs.address)
echo "instance_data=$address agent=$address service=$address pause=0.1" >root/usr/lib/updog/hooks/ecs.conf
block "Schedulers with drain hooks, as ECS"
[ "$(next)" = B ] || fail "the agent has not applied the update"
restart
run_agent
diff ecs.log - <<END
UpdateContainerInstancesState DRAINING 2
DescribeContainerInstances DRAINING 2
DescribeContainerInstances DRAINING 1
DescribeContainerInstances DRAINING 0
UpdateContainerInstancesState ACTIVE 0
END

signpost --disk disk.img --active a cancel-upgrade
signpost --disk disk.img --active a clear-inactive
block "By hand, or by a job of the fleet"
[ "$(next)" = B ] || fail "the update is not applied"
