# shellcheck shell=bash
# Debian packages as building material: fetched with everything they depend on, and unpacked into a
# directory; nothing is installed and nobody has to be root. Sourced from the project's root.

package_cache=$PWD/build/packages
package_lists=() # the machine's own; private ones where those are missing or stale

# private_apt PROGRAM ARGUMENT…: apt as if nothing were installed here, with its own cache. It gets no
# terminal: it would stop wherever it is not in the foreground.
private_apt() {
  local program=$1
  shift
  mkdir -p "$package_cache/archives/partial" && : >"$package_cache/status"
  "$program" -qq -o APT::Install-Recommends=false "${package_lists[@]}" \
    -o Dir::State::status="$package_cache/status" -o Dir::Cache="$package_cache" \
    -o Debug::NoLocking=1 -o APT::Sandbox::User="$(id -un)" "$@" </dev/null
}

find_package_lists() {
  private_apt apt-get --simulate install linux-image-cloud-amd64 >/dev/null 2>&1 && return
  package_lists=(-o Dir::State::lists="$package_cache/lists")
  mkdir -p "$package_cache/lists/partial"
  private_apt apt-get update
}

# package_files NAME…: downloads what is not here yet; prints the files of the packages and of
# everything that they depend on.
package_files() {
  local uris=$package_cache/uris # lines: 'URI' FILE SIZE HASH
  # Seen from an empty cache: apt does not name what it has already.
  mkdir -p "$package_cache/empty/partial"
  private_apt apt-get -o Dir::Cache::archives="$package_cache/empty" --print-uris -y install "$@" >"$uris"
  private_apt apt-get --download-only -y install "$@" >/dev/null
  awk -v directory="$package_cache/archives" '/^\047/ { print directory "/" $2 }' "$uris"
}

# kernel_file: the same for Debian's cloud kernel alone: what it depends on is for installing it.
kernel_file() {
  local name package_glob
  name=$(private_apt apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: //p')
  package_glob="$package_cache/archives/${name}_*.deb"
  compgen -G "$package_glob" || {
    (cd "$package_cache/archives" && private_apt apt-get download "$name")
    compgen -G "$package_glob"
  }
}

# unpack FILE DIRECTORY: into a tree where /bin, /sbin and /lib are links into /usr.
unpack() {
  dpkg-deb --fsys-tarfile "$1" | tar -x -C "$2" --keep-directory-symlink
}
