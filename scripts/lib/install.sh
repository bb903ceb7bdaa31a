# shellcheck shell=bash
# The programs of the release build, installed into a directory. Sourced.

# install_programs DIRECTORY: what the packages hold; the library, which `programs` does not build, is no
# part of them.
install_programs() {
  cmake --install build/release --prefix "$1" --component host &&
    cmake --install build/release --prefix "$1" --component publisher
}
