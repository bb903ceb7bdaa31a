#!/usr/bin/env bash
# installed_test.sh BUILD SOURCE COMPILER: tough as somebody else finds it: in its package, each public
# header by itself, the example through find_package and through pkg-config, and it fetches a target
# of a repository that tuftool made, from a web server, and refuses one that was changed.
set -euo pipefail
build=$1 source=$2 compiler=$3
. "$source/scripts/lib/web-server.sh"

directory=$(mktemp -d)
trap 'stop_web_server "$directory/web"; rm -r "$directory"' EXIT
fail() {
  echo "$*" >&2
  exit 1
}

(cd "$build" && cpack -G DEB -B "$directory/package" -D CPACK_COMPONENTS_ALL=development) >/dev/null
dpkg-deb -x "$directory"/package/libtough-dev_*.deb "$directory/root"
prefix=$directory/root/usr example=$directory/root/usr/share/doc/libtough-dev/examples
export PKG_CONFIG_PATH
PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name tough.pc)")
libraries=$(dirname "$PKG_CONFIG_PATH")
read -ra flags < <(pkg-config --cflags --libs tough)

# Each header compiles alone, and brings none of the libraries that the sources use.
while read -r header; do
  echo "#include \"$header\"" >"$directory/header.cc"
  "$compiler" -Wall -Wextra -Werror -fsyntax-only -MD -MF "$directory/header.d" "${flags[@]:0:2}" \
    "$directory/header.cc" || fail "$header does not compile alone"
  ! grep -E '/(openssl|curl|nlohmann|fmt|spdlog|CLI)/|/(zstd|lz4|xxhash)' "$directory/header.d" ||
    fail "$header shows a third-party header"
done < <(cd "$prefix/include/tough" && find . -name '*.h' -printf '%P\n')

# The example, both ways.
cmake -S "$example" -B "$directory/example" -DCMAKE_PREFIX_PATH="$prefix" \
  -DCMAKE_CXX_COMPILER="$compiler" >/dev/null
cmake --build "$directory/example" >/dev/null
"$compiler" "$example/fetch_target.cc" "${flags[@]}" -o "$directory/by-pkg-config"

# A repository.
export TMPDIR=$directory
cd "$directory"
mkdir images && echo 'an image' >images/image
tuftool=$build/tough/tuftool/tuftool
{
  "$tuftool" root init root.json
  "$tuftool" root expire root.json 'in 1 day'
  "$tuftool" root gen-ed25519-key root.json key.pem \
    --role root --role targets --role snapshot --role timestamp
  "$tuftool" root sign root.json --key key.pem
  "$tuftool" create --root root.json --key key.pem --add-targets images --outdir repository \
    --targets-expires 'in 1 day' --snapshot-expires 'in 1 day' --timestamp-expires 'in 1 day'
} >/dev/null
start_web_server repository "$directory/web"
url=http://127.0.0.1:$web_port

fetch() { # PROGRAM: into `saved`
  LD_LIBRARY_PATH=$libraries "$1" root.json "$url/metadata" "$url/targets" cache image saved
}
for program in example/fetch-target ./by-pkg-config; do
  rm -rf saved cache
  fetch $program
  cmp images/image saved/image
done

rm -r saved
for target in repository/targets/*; do echo 'AN IMAGE' >"$target"; done
! fetch example/fetch-target 2>refusal || fail 'a changed target was saved'
grep -q 'listed is' refusal || fail "another error: $(cat refusal)"
[ ! -e saved/image ] || fail 'something was left of a changed target'
