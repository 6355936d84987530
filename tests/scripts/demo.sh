#!/usr/bin/env bash
# Runs the demo twice and looks for what it promises to show. It compares its
# totals with those of the file itself.
set -euo pipefail

demo=$(cd "$(dirname "$0")/../../demo" && pwd)
out=$(mktemp)
trap 'rm -f "$out"' EXIT

fail() { cat "$out"; echo "the demo $*"; exit 1; }
shows() { grep -qF -- "$1" "$out" || fail "does not show: $1"; }

for run in 1 2; do
  "$demo/run.sh" > "$out" 2>&1 || fail "fails in run $run"
  [ "$(grep -c '^INSERT 0 69659$' "$out")" = 1 ] || fail "does not insert 69659 events, once"
  [ "$(grep -c '^INSERT 0 0$' "$out")" = 1 ] || fail "does not skip the file loaded again"
  [ "$(grep -c '^   INSERT 0 0$' "$out")" = 1 ] || fail "does not skip the line sent again"
  [ "$(grep -cF '|  2,500,315.63' "$out")" = 4 ] || fail "does not show the total four times"
  # A's own read, B's meanwhile, A's after the rollback.
  [ "$(grep -E '^ +204[34] \|' "$out" | tr -d ' ' | xargs)" = '2044|76209.30 2043|76109.30 2043|76109.30' ] ||
    fail "does not show who sees what"
  # Two answers about 1,157 of the customers of January, 1997.
  shows '1997-01 | 7846 | 1157'
  shows '| purchase |    23570 |   1.0000 |'
  shows '   ERROR:  version conflict on aggregate "00002"'
  [ "$(grep -c '69659 |    1$' "$out")" = 3 ] || fail "does not show the tail of three projections"
  [ "$(grep -c ERROR "$out")" = 1 ] || fail "shows an error too many"
  # What is left is the file, nothing else.
  left=$(psql -XAtd demo -c "SELECT count(*), count(DISTINCT aggregate_id), sum((payload->>'amount')::numeric) FROM events")
  [ "$left" = '69659|23570|2500315.63' ] || fail "leaves $left"
done
