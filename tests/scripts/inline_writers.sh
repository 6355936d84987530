#!/usr/bin/env bash
# Eight writers at once into two inline projections, which share groups: with savepoints,
# rollbacks, constraints set immediate, prepared transactions and all levels of isolation,
# while the projections are paused, resumed, rebuilt and read and segments roll. Each read,
# also inside a writing transaction, equals the query over the log.
set -euo pipefail
source "$(dirname "$0")/lib/writers.sh"

seconds=${WRITERS_SECONDS:-20}
make_event_table "" inline
sql <<'SQL'
-- Folds in some of the blocks, half of which are undone.
CREATE FUNCTION fold_in_blocks(rows int, hot int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1..rows LOOP
    BEGIN
      WITH e AS (INSERT INTO events (event_type, aggregate_id, payload)
        VALUES ('block', 'hot' || 1 + (i * hot) % 6, jsonb_build_object('v', i)) RETURNING event_id)
      INSERT INTO witness TABLE e;
      IF i % 3 = 0 THEN SET CONSTRAINTS ALL IMMEDIATE; END IF;
      IF i % 5 = 0 THEN SET CONSTRAINTS ALL DEFERRED; END IF;
      IF i % 2 = 0 THEN RAISE division_by_zero; END IF;
    EXCEPTION WHEN division_by_zero THEN
    END;
  END LOOP;
END $$;
SQL

script immediate <<< "${hot}BEGIN;
$(append "'hot' || :a" :v)
SET CONSTRAINTS ALL IMMEDIATE;
$(append "'hot' || :b" 3)
SAVEPOINT s;
$(append "'hot' || :a" 1000)
SET CONSTRAINTS ALL DEFERRED;
$(append "'hot' || :b" 2000)
ROLLBACK TO s;
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
$(append "'hot' || :b" 5)
COMMIT;"
script fold_blocks <<< "${hot}SELECT fold_in_blocks(10 * :a, :b);"
for level in "READ COMMITTED" "REPEATABLE READ" SERIALIZABLE; do
  script "own_${level/ /_}" <<< "${hot}BEGIN ISOLATION LEVEL $level;
$(append "'hot' || :a" :v)
SELECT check_projections();
SAVEPOINT s;
$(append "'own' || :client_id" 9)
SET CONSTRAINTS ALL IMMEDIATE;
SELECT check_projections();
ROLLBACK TO s;
SELECT check_projections();
$(append "'hot' || :b" 5)
SELECT check_projections();
COMMIT;"
done
# One client: a rebuild beside another one is tried again for too long.
script life <<< "\\set n random(1, 6)
\\if :n = 1
SELECT pganalytics.pause_projection('by_aggregate');
\\sleep 20 ms
SELECT pganalytics.resume_projection('by_aggregate');
\\elif :n = 2
SELECT pganalytics.pause_projection('overall');
SELECT pganalytics.refresh_projection('overall');
SELECT pganalytics.resume_projection('overall');
\\elif :n = 3
SELECT pganalytics.rebuild_projection('overall');
\\elif :n = 4
SELECT pganalytics.rebuild_projection('by_aggregate');
\\elif :n = 5
SELECT pganalytics.drop_projection(name) FROM pganalytics.projections WHERE name = 'another';
SELECT pganalytics.create_projection('another', 'SELECT event_type, count(*) AS n, count(DISTINCT aggregate_id) AS a FROM events GROUP BY 1', mode => 'inline');
\\sleep 200 ms
SELECT 1 / (NOT EXISTS (SELECT event_type, count(*), count(DISTINCT aggregate_id) FROM events GROUP BY 1 EXCEPT ALL TABLE another))::int;
SELECT pganalytics.drop_projection('another');
\\else
SELECT pganalytics.roll_segment('events');
CALL pganalytics.run_maintenance();
\\endif
\\sleep 250 ms"

load() {
  local pids=() pid failed=0
  bench writers -c 8 -j 2 -f "$work/single.sql@6" -f "$work/cold.sql@3" -f "$work/several.sql@3" -f "$work/batch.sql@3" -f "$work/savepoints.sql@4" \
    -f "$work/immediate.sql@4" -f "$work/fold_blocks.sql@1" -f "$work/rolled_back.sql@2" -f "$work/blocks.sql@1" \
    -f "$work/prepared_COMMIT.sql@1" -f "$work/prepared_ROLLBACK.sql@1" \
    -f "$work/own_READ_COMMITTED.sql@2" -f "$work/own_REPEATABLE_READ.sql@1" -f "$work/own_SERIALIZABLE.sql@1" & pids+=($!)
  bench reads -c 2 -f "$work/read.sql" & pids+=($!)
  bench life -c 1 -f "$work/life.sql" & pids+=($!)
  for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
  return "$failed"
}
repeat_until "$written AND (SELECT count(*) > 3 FROM pganalytics.segments)" load

[ "$(sql -c 'SELECT count(*) FROM pg_prepared_xacts')" = 0 ] || { echo "prepared transactions are left"; exit 1; }
sql <<'SQL'
SELECT check_projections() AS events;
SELECT 1 / (tail = 0 AND status = 'ready' AND mode = 'inline')::int AS is_inline FROM pganalytics.projections;
SELECT 1 / (pganalytics.refresh_projection('by_aggregate') = 0)::int AS nothing_to_fold;
SQL
check_events
grep -h 'number of transactions' "$work"/*.log
