# From measurements to a table on standard output and to the file `json`.
# In: "largest CASE BYTES" of each case, in the table's order; then "CASE WHERE CLIENT SECONDS
# CPU-SECONDS RSS-KIB", a line for each run; "start alone" is a client that is loaded and does nothing,
# "curl --version alone" another program with libcurl.
# Variables: json; machine (an object of JSON).
#
# Medians. A ratio is the median of the rounds' own ratios.

# python-tuf's by ours.
function ratio(run, column,   i, ours, theirs, values) {
  ours = run " tough"; theirs = run " python"
  for (i = 1; i <= count[ours]; i++) values[i] = measured[theirs, column, i] / measured[ours, column, i]
  return median(values, count[ours])
}

function client(run, name,   of) {
  of = run " " name
  return sprintf("\"%s\": { \"seconds\": %.4f, \"cpu_seconds\": %.4f, \"peak_rss_kib\": %d }", name,
    median_of(of, WALL), median_of(of, CPU), median_of(of, RSS))
}

function report(case_name, where,   run, of_allowed) {
  run = case_name " " where
  of_allowed = median_of(run " tough", RSS) / (4 * largest[case_name] / 1024 + 16384)
  printf("%-8s %-8s %8.1f %8.1f %6.1f  %8.0f %8.0f %6.0f  %6.1f %6.1f  %7.2f\n", case_name, where,
    1000 * median_of(run " tough", WALL), 1000 * median_of(run " tough", CPU), median_of(run " tough", RSS) / 1024,
    1000 * median_of(run " python", WALL), 1000 * median_of(run " python", CPU),
    median_of(run " python", RSS) / 1024, ratio(run, WALL), ratio(run, CPU), of_allowed)
  printf("%s\n    { \"repository\": \"%s\", \"from\": \"%s\", \"largest_file_bytes\": %d, %s, %s,", separator,
    case_name, where, largest[case_name], client(run, "tough"), client(run, "python")) > json
  printf(" \"wall_ratio\": %.2f, \"cpu_ratio\": %.2f, \"of_allowed_rss\": %.3f }", ratio(run, WALL),
    ratio(run, CPU), of_allowed) > json
  separator = ","
}

BEGIN { WALL = 1; CPU = 2; RSS = 3 }
$1 == "largest" { cases[++case_count] = $2; largest[$2] = $3; next }
{
  name = $1 " " $2 " " $3
  count[name]++
  for (i = WALL; i <= RSS; i++) measured[name, i, count[name]] = $(3 + i)
}

END {
  printf("%-17s %24s  %24s  %13s  %7s\n", "", "tuf-client ", "python-tuf ", "times more", "RSS of")
  printf("%-17s %8s %8s %6s  %8s %8s %6s  %6s %6s  %7s\n", "medians", "wall ms", "CPU ms", "MiB",
    "wall ms", "CPU ms", "MiB", "wall", "CPU", "allowed")
  printf("{\n  \"machine\": %s,\n  \"results\": [", machine) > json
  libcurl = "curl --version alone"
  printf("%-17s %8.1f %8.1f %6.1f\n", "curl --version", 1000 * median_of(libcurl, WALL),
    1000 * median_of(libcurl, CPU), median_of(libcurl, RSS) / 1024)
  report("start", "alone")
  for (n = 1; n <= case_count; n++) {
    report(cases[n], "loopback")
    report(cases[n], "disk")
  }
  printf("\n  ]\n}\n") > json
}
