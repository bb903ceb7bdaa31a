#!/usr/bin/env bash
# scripts/rollout-report on a log with everything that it has to tell apart.
set -euo pipefail
cd "$(dirname "$0")/../.."
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT

cat >"$directory/access.log" <<'END'
10.0.0.1 - - [22/Nov/2026:12:00:00 +0000] "GET /metadata/2.root.json?seed=7&version=1.0.0 HTTP/1.1" 404 153 "-" "updog"
10.0.0.1 - - [22/Nov/2026:12:00:05 +0000] "GET /targets/x.img?seed=7&target=1.1.0&version=1.0.0 HTTP/1.1" 200 900 "-" "updog"
10.0.0.1 - - [22/Nov/2026:13:00:05 +0000] "GET /metadata/timestamp.json?seed=7&version=1.1.0 HTTP/1.1" 200 500 "-" "updog"
10.0.0.2 - - [22/Nov/2026:13:00:06 +0000] "GET /metadata/timestamp.json?seed=2048&version=1.0.0 HTTP/1.1" 503 47 "-" "updog"
10.0.0.9 - - [22/Nov/2026:13:00:07 +0000] "GET /index.html HTTP/1.1" 200 1 "-" "somebody"
END
scripts/rollout-report "$directory/access.log" --json "$directory/report.json" --svg "$directory/plot.svg" \
  >"$directory/table"
diff - <(sed '/ 0 hosts/d' "$directory/table") <<'END'
2 hosts, 4 requests, 1.6 kB
  1.0.0            runs on       1 hosts,  50.0 %
  1.1.0            runs on       1 hosts,  50.0 %
1.1.0: begun by 1 hosts, has run on 1
  seeds    0 to  255: of       1 hosts       1 have begun it,       1 have run it
  seeds 1792 to 2047: of       1 hosts       0 have begun it,       0 have run it
  1 answers 503
END
grep -q '"other_lines": 1' "$directory/report.json"
grep -q '<svg' "$directory/plot.svg"
