#!/usr/bin/env bash
# What scripts/lint layers refuses, and what it lets pass.
#   layers_test.sh SOURCE_DIRECTORY
set -euo pipefail
layers=$1/scripts/lib/layers.awk
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

# passes FILE INCLUDED…
passes() {
  local file=$1
  mkdir -p "$(dirname "$file")"
  printf '#include %s\n' "${@:2}" >"$file"
  awk -f "$layers" "$file"
}
refused() { ! passes "$@" >/dev/null || { echo "not refused: $*" && exit 1; }; }

passes tough/a.cc '"base/result.h"' '<curl/curl.h>' '"tough/openssl.h"' '<vector>' '<fmt/format.h>'
passes updog/a.h '"signpost/signpost.h"' '"tough/client.h"'
passes tests/tough/a.h '<gtest/gtest.h>' '"tests/support/matchers.h"' '<openssl/evp.h>'
passes base/program.h '<CLI/CLI.hpp>'
passes tough/pkcs11_key.h '"tough/openssl.h"'

refused base/a.cc '"tough/client.h"'          # against the arrows
refused tough/a.h '"partitions/extent.h"'     # siblings that know nothing of each other
refused partitions/a.cc '<curl/curl.h>'       # another folder's library
refused tough/a.h '<openssl/evp.h>'           # its own library, but in a header
refused tough/a.h '"tough/openssl.h"'         # the same, through the header that shows it
refused updog/a.cc '"tough/openssl.h"'        # another folder's inside
refused updog/a.cc '"tough/pkcs11_key.h"'
refused updog/a.cc '"tests/support/matchers.h"'
refused updog/a.cc '"result.h"'               # not from the root
