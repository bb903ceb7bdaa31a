# shellcheck shell=bash
# shellcheck disable=SC2154  # the colours are say.sh's
# A virtual machine with real firmware, without privileges: QEMU and OVMF. One at a time. Sourced.
# What is run inside goes to the tests' agent (tests/vm/agent.cc), over a virtio serial port that is
# two named pipes out here.

machine=''       # its directory
machine_pid=''
console_seen=0   # bytes of the console's log that wait_for_console has passed

# start_machine DISK DIRECTORY: switches it on. Its serial console is DIRECTORY/console.log, and is
# shown here too, each line marked.
start_machine() {
  machine=$2
  mkdir -p "$machine"
  cp /usr/share/OVMF/OVMF_VARS.fd "$machine/variables.fd"
  mkfifo "$machine/agent.in" "$machine/agent.out"
  : >"$machine/console.log"
  # The small translation buffer keeps later starts as quick as the first.
  qemu-system-x86_64 -accel tcg,tb-size=32 -machine q35 -cpu max -smp 1 -m 256 -nodefaults \
    -display none -vga none -monitor none -boot menu=off,strict=on \
    -drive if=pflash,format=raw,unit=0,readonly=on,file=/usr/share/OVMF/OVMF_CODE.fd \
    -drive if=pflash,format=raw,unit=1,file="$machine/variables.fd" \
    -drive file="$1",format=raw,if=none,id=d0,cache=unsafe -device virtio-blk-pci,drive=d0,bootindex=0 \
    -netdev user,id=n0 -device virtio-net-pci,netdev=n0,romfile= \
    -serial file:"$machine/console.log" -device virtio-serial-pci \
    -chardev pipe,id=agent,path="$machine/agent" \
    -device virtserialport,chardev=agent,name=org.updog.agent 2>"$machine/qemu.log" &
  machine_pid=$!
  exec {agent_says}<>"$machine/agent.out"
  # Without what moves the firmware's cursor.
  tail -n +1 -f --pid=$machine_pid "$machine/console.log" |
    sed -u -E "s/\x1b\[[0-9;=?]*[A-Za-z]//g; s/\r//g; s/^/$dim  | /; s/\$/$plain/" &
}

# Does nothing where none runs.
stop_machine() {
  [ -n "$machine_pid" ] || return 0
  kill "$machine_pid" 2>/dev/null || true
  wait "$machine_pid" 2>/dev/null || true
  machine_pid=''
}

# wait_for_console TEXT: from where the last one ended.
wait_for_console() {
  local found deadline=$((SECONDS + 120))
  until found=$(tail -c "+$((console_seen + 1))" "$machine/console.log" | grep -abom 1 -F -- "$1"); do
    [ $SECONDS -lt $deadline ] || die "\"$1\" did not come on the machine's console"
    kill -0 "$machine_pid" || die "the machine has ended"
    sleep 0.2
  done
  console_seen=$((console_seen + ${found%%:*} + ${#1}))
}

# Waits until the machine has started (again); sets machine_version, as the image says it.
wait_for_version() {
  local message
  machine_version=''
  while [ -z "$machine_version" ]; do
    read -r -t 120 -u "$agent_says" message || die "the machine did not start"
    machine_version=$(jq -r '.hello.version // empty' <<<"$message")
  done
}

# ask_inside COMMAND…: only starts it.
ask_inside() { jq -cn '{run: $ARGS.positional}' --args -- "$@" >"$machine/agent.in"; }

# run_inside COMMAND…: prints what it says; its exit status is ours.
run_inside() {
  local answer
  ask_inside "$@"
  read -r -t 120 -u "$agent_says" answer || die "no answer from the machine"
  jq -j '.output' <<<"$answer"
  jq -j '.errors' <<<"$answer" >&2
  return "$(jq '.exit_status' <<<"$answer")"
}
