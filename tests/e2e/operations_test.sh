#!/usr/bin/env bash
# Runs every block of commands of docs/operations.md, in order, in one shell and an empty directory.
#   tests/e2e/operations_test.sh SOURCE_DIRECTORY BUILD_DIRECTORY
set -euo pipefail
page=$(realpath "$1")/docs/operations.md
build=$(realpath "$2")
PATH=$build/updog:$build/tough/tuftool:$build/tough:$PATH
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory"

# Releases as they come from a build; what is in the images does not matter here.
for version in 1.0.0 1.1.0 1.2.0; do
  mkdir $version
  for kind in boot root hash; do
    seq 1 5000 | sed "s/^/$version $kind /" >$kind.img
    updata compress-image $kind.img --out "$version/demo-$version-$kind.img.zst" --level 1
  done
  cat >$version/release.toml <<END
version = "$version"
variant = "demo"
arch = "x86_64"
[images]
boot = "demo-$version-boot.img.zst"
root = "demo-$version-root.img.zst"
hash = "demo-$version-hash.img.zst"
END
done

# The blocks, each followed by what must hold after it.
awk '/^```sh$/ { inside = 1; next } /^```$/ { inside = 0 } inside' "$page" >drills
[ "$(wc -l <drills)" -gt 40 ]
set -x
# shellcheck disable=SC1091
. ./drills
set +x

fail() {
  echo "$*" >&2
  exit 1
}
# What the drills promise: five roots, the last release offered, and keys that are gone are worth nothing.
for file in host/root.json repository/metadata/5.root.json; do
  [ -e $file ] || fail "$file is missing"
done
updata show manifest.json | grep -q '^demo x86_64 1.2.0' || fail "1.2.0 is not offered"
! publish refresh --repo repository --root root5.json --key keys/online.pem 2>/dev/null ||
  fail "the stolen online key still signs"
! publish withdraw 1.2.0 --repo repository --root root5.json --key keys/release.pem \
  --key keys/online2.pem 2>/dev/null || fail "the stolen release key still signs"
