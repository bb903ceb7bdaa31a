# Which folder may include what: the arrows of docs/architecture.md, and one owner for each
# third-party library, whose headers stay in its .cc files. Prints each violation; status 1 if any.
#   awk -f scripts/lib/layers.awk FILE…     with paths from the project's root

BEGIN {
  # Folder -> folders of ours that it may include.
  may["base"] = "base"
  may["tough"] = "base tough"
  may["partitions"] = "base partitions"
  may["signpost"] = "base partitions signpost"
  may["updog"] = "base tough partitions signpost boot updog"
  may["api"] = "base partitions signpost updog api"
  may["boot"] = "base partitions boot"
  may["test-repo"] = "base tough partitions updog api test-repo"
  may["tests"] = "base tough partitions signpost updog api boot test-repo tests"

  # Third-party header -> folders whose .cc files may include it.
  owner["nlohmann/"] = "tests" # what the parser of base is compared with
  owner["zstd"] = "base"
  owner["lz4"] = "base"
  owner["xxhash"] = "base"
  owner["spdlog/"] = "base"
  owner["openssl/"] = "base tough"
  owner["curl/"] = "tough"
  owner["libfdisk/"] = "partitions"
  owner["toml++/"] = "updog"
  owner["microhttpd.h"] = "api"
  owner["fmt/"] = "base tough partitions signpost updog api boot test-repo"
  owner["CLI/"] = "base tough partitions signpost updog api test-repo"
  owner["gtest/"] = ""
  owner["gmock/"] = ""

  # The only headers that show a third-party one: the first is for programs; the second, and what is
  # made with it, stays within its folder's .cc files.
  shows["base/program.h"] = "CLI/"
  shows["tough/openssl.h"] = "openssl/"
  internal["tough/openssl.h"]
  internal["tough/pkcs11_key.h"]
}

function complain(what) {
  printf "%s:%d: %s\n", FILENAME, FNR, what
  bad = 1
}

function is_one_of(word, list) { return index(" " list " ", " " word " ") > 0 }

function check_own(path,    target) {
  target = path
  sub(/\/.*/, "", target)
  if (!(target in may)) complain("\"" path "\" does not start with a folder of ours")
  else if (!is_one_of(target, may[folder]))
    complain(folder " must not include " target " (\"" path "\")")
  else if (path in internal && !(FILENAME in internal) && (target != folder || FILENAME ~ /\.h$/))
    complain("\"" path "\" is for the .cc files of " target)
}

function check_foreign(path,    library) {
  for (library in owner) {
    if (index(path, library) != 1) continue
    if (folder == "tests" || shows[FILENAME] == library) return
    if (!is_one_of(folder, owner[library])) complain("<" path "> belongs to: " owner[library])
    else if (FILENAME !~ /\.cc$/) complain("<" path "> in a header")
  }
}

FNR == 1 {
  folder = FILENAME
  sub(/\/.*/, "", folder)
}
/^[ \t]*#[ \t]*include[ \t]*"/ { split($0, part, "\""); check_own(part[2]) }
/^[ \t]*#[ \t]*include[ \t]*</ { split($0, part, /[<>]/); check_foreign(part[2]) }

END { exit bad }
