# From measurements to a table on standard output and to the file `json`.
# In: "title NAME TEXT", in the table's order; then "NAME SECONDS CPU-SECONDS RSS-KIB", a line for each
# run. Variables: json; machine, image (objects of JSON); rounds; floor, rival (names).
#
# Medians. A ratio is the median of the rounds' own ratios: what slows the machine for a while slows
# both sides of it.

function ratio(name, other,   i, values) {
  for (i = 1; i <= rounds; i++) values[i] = measured[name, 1, i] / measured[other, 1, i]
  return median(values, rounds)
}

function all_seconds(name,   i, text) {
  for (i = 1; i <= count[name]; i++) text = text (text == "" ? "" : ", ") measured[name, 1, i]
  return text
}

function report(name,   in_rounds) {
  in_rounds = count[name] == rounds
  printf("%-46s %9.3f %8s %10s %6.2f %9.1f\n", title[name], median_of(name, 1),
    in_rounds ? sprintf("%.2f", ratio(name, floor)) : "",
    in_rounds ? sprintf("%.2f", ratio(name, rival)) : "",
    median_of(name, 2), median_of(name, 3) / 1024)
  separator = name == order[1] ? "" : ","
  printf("%s\n    \"%s\": { \"seconds\": %.3f, ", separator, name, median_of(name, 1)) > json
  if (in_rounds)
    printf("\"of_floor\": %.3f, \"of_swupdate\": %.3f, ", ratio(name, floor), ratio(name, rival)) > json
  printf("\"cpu_seconds\": %.2f, \"peak_rss_kib\": %d, \"all_seconds\": [%s] }",
    median_of(name, 2), median_of(name, 3), all_seconds(name)) > json
}

$1 == "title" { name = order[++names] = $2; sub(/^title [^ ]+ /, ""); title[name] = $0; next }
{ count[$1]++; for (i = 1; i <= 3; i++) measured[$1, i, count[$1]] = $(i + 1) }

END {
  printf("%-46s %9s %8s %10s %6s %9s\n", "medians", "seconds", "of floor", "of SWUpd.", "CPU s", "peak MiB")
  printf("{\n  \"machine\": %s,\n  \"image\": %s,\n  \"rounds\": %d,\n  \"results\": {", machine, image,
    rounds) > json
  for (n = 1; n <= names; n++) report(order[n])
  printf("\n  }\n}\n") > json
}
