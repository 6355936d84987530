#!/usr/bin/env bash
# Eight writers at once, with savepoints, rollbacks, retries of the same id,
# prepared and long transactions, while two projections are folded and read. In
# the end every event that was committed is there once, versions have no gaps and
# every projection equals its query, with its tail and after a last fold.
set -euo pipefail
source "$(dirname "$0")/lib/writers.sh"

seconds=${WRITERS_SECONDS:-10}
make_event_table

script unit <<< "\\set k random(1, 300)
INSERT INTO witness SELECT event_id FROM pganalytics.append('events', 'unit' || :k, (SELECT jsonb_agg(jsonb_build_object(
    'event_type', 'x', 'event_id', md5('unit' || :k || i), 'payload', jsonb_build_object('v', i))) FROM generate_series(1, 3) i), 0) WHERE NOT deduplicated;"
script retried <<< "\\set k random(1, 300)
INSERT INTO events (event_id, event_type, aggregate_id, payload)
  VALUES (md5('retried' || :k)::uuid, 'retried', 'retried' || :k % 4, jsonb_build_object('v', :k));"

load() {
  local pids=() pid failed=0
  bench writers -c 8 -j 2 -f "$work/single.sql@8" -f "$work/cold.sql@3" -f "$work/several.sql@4" -f "$work/batch.sql@4" -f "$work/unit.sql@4" -f "$work/savepoints.sql@4" \
    -f "$work/retried.sql@4" -f "$work/rolled_back.sql@2" -f "$work/blocks.sql@1" -f "$work/prepared_COMMIT.sql@1" \
    -f "$work/prepared_ROLLBACK.sql@1" -f "$work/fold_own.sql@1" & pids+=($!)
  bench folds -c 2 -f "$work/fold.sql" & pids+=($!)
  bench reads -c 2 -f "$work/read.sql" & pids+=($!)
  { { echo "BEGIN;"; append "'long'" 1; echo "SELECT pg_sleep($seconds * 0.6);"; append "'long'" 2; echo "COMMIT;"; } \
    | sql > /dev/null; } & pids+=($!)
  for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
  return "$failed"
}
repeat_until "$written AND (SELECT min(folds) > 1 FROM pganalytics_data.checkpoint)" load

[ "$(sql -c 'SELECT count(*) FROM pg_prepared_xacts')" = 0 ] || { echo "prepared transactions are left"; exit 1; }

# With whatever tail there is, and after a last fold. The last retry of all ids
# finds those in that were never tried before, and the others there.
sql > "$work/result" <<'SQL'
SELECT check_projections();
INSERT INTO events (event_id, event_type, aggregate_id, payload)
  SELECT md5('retried' || k)::uuid, 'retried', 'retried' || k % 4, jsonb_build_object('v', k) FROM generate_series(1, 300) k;
SELECT check_projections();
SELECT pganalytics.refresh_projection('by_aggregate'), pganalytics.refresh_projection('overall');
SELECT check_projections();
SELECT pganalytics.refresh_projection('by_aggregate') + pganalytics.refresh_projection('overall') AS nothing_left;
DO $$
DECLARE bad bigint;
BEGIN
  SELECT count(*) INTO bad FROM events WHERE event_type = 'retried';
  ASSERT bad = 300, format('%s of 300 retried events are there', bad);
  SELECT count(*) INTO bad FROM (SELECT FROM events WHERE aggregate_id LIKE 'unit%' GROUP BY aggregate_id HAVING count(*) <> 3) u;
  ASSERT bad = 0, format('%s units are there in part or more than once', bad);
END $$;
SQL
check_events retried
cat "$work/result"
grep -h 'number of transactions' "$work"/*.log
