#!/usr/bin/env bash
# Runs the publisher's blocks of commands of docs/operations.md in one shell and an empty directory: "Keys
# and drills", and then, with the keys that are left, "Watching and stopping a release".
#   tests/e2e/operations_test.sh SOURCE_DIRECTORY BUILD_DIRECTORY
set -euo pipefail
source=$(realpath "$1")
page=$source/docs/operations.md
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

fail() {
  echo "$*" >&2
  exit 1
}
# section HEADING LINES: runs its blocks, which have more than so many lines.
section() {
  awk -v heading="## $1" '
    /^## / { inside = $0 == heading }
    /^```sh$/ { commands = inside; next } /^```$/ { commands = 0 } commands' "$page" >commands
  [ "$(wc -l <commands)" -gt "$2" ] || fail "the page has fewer commands below '$1'"
  set -x
  # shellcheck disable=SC1091
  . ./commands
  { set +x; } 2>/dev/null
}

section "Keys and drills" 40
# What the drills promise: five roots, the last release offered, and keys that are gone are worth nothing.
for file in host/root.json repository/metadata/5.root.json; do
  [ -e $file ] || fail "$file is missing"
done
updata show manifest.json | grep -q '^demo x86_64 1.2.0' || fail "1.2.0 is not offered"
! publish refresh --repo repository --root root5.json --key keys/online.pem 2>/dev/null ||
  fail "the stolen online key still signs"
! publish withdraw 1.2.0 --repo repository --root root5.json --key keys/release.pem \
  --key keys/online2.pem 2>/dev/null || fail "the stolen release key still signs"

# Somebody else's watch begins, who has heard of the last keys only.
mv root5.json root.json
mv keys/online2.pem keys/online.pem
ln -s "$source/scripts" scripts
cat >access.log <<'END'
10.0.0.1 - - [22/Nov/2026:12:00:05 +0000] "GET /targets/x.img?seed=7&target=1.2.0&version=1.0.0 HTTP/1.1" 200 900 "-" "updog"
10.0.0.1 - - [22/Nov/2026:13:00:05 +0000] "GET /metadata/timestamp.json?seed=7&version=1.2.0 HTTP/1.1" 200 500 "-" "updog"
END
section "Watching and stopping a release" 8
grep -q '<svg' now.svg || fail "the report has no plot"
tuf-client --metadata-dir host --metadata-url "file://$PWD/repository/metadata" \
  --target-base-url "file://$PWD/repository/targets" --target-dir . --target-name manifest.json download
updata show manifest.json | grep -q '^demo x86_64 1.2.0.*withdrawn' || fail "1.2.0 is not withdrawn"
