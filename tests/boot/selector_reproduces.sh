#!/usr/bin/env bash
# Compiles and links the EFI selector once more, of a copy of the sources and in another directory,
# with the build's own commands: the same bytes.
#   selector_reproduces.sh SOURCE_DIRECTORY BUILD_DIRECTORY
set -euo pipefail
source=$1 build=$2
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
mkdir -p "$copy"/{source,build}
cp -r "$source/boot" "$source/partitions" "$copy/source/"

for program in BOOTX64.EFI BOOTAA64.EFI; do
  ninja -C "$build" -t commands "boot/selector/$program" |
    sed -e "s,$build,$copy/build,g" -e "s,$source,$copy/source,g" >"$copy/commands"
  grep -q lld-link "$copy/commands"
  (cd "$copy/build" && mkdir -p boot/selector && sh -e "$copy/commands")
  cmp "$build/boot/selector/$program" "$copy/build/boot/selector/$program"
done
