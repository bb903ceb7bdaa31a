# For the benchmarks: medians of what was measured. measured[NAME, COLUMN, 1 to count[NAME]] are the
# values of one column.

function median(values, count,   i, j, swap) {
  for (i = 2; i <= count; i++)
    for (j = i; j > 1 && values[j] < values[j - 1]; j--) {
      swap = values[j]; values[j] = values[j - 1]; values[j - 1] = swap
    }
  return (values[int((count + 1) / 2)] + values[int(count / 2) + 1]) / 2
}

function median_of(name, column,   i, values) {
  for (i = 1; i <= count[name]; i++) values[i] = measured[name, column, i]
  return median(values, count[name])
}
