#!/usr/bin/env bash
# Sixteen writers of every kind while segments roll all the time, are sealed and
# frozen, and ledgers turn; two projections are folded and read. In the end every
# event that was committed is there once, versions have no gaps, and what the catalog
# says of sealed segments and of duplicates is so.
#
# ROLLS_SECONDS: how long (default 20). ROLLS_KILLS: how often in that time a random
# backend is killed and the server restarts (default 0).
set -euo pipefail
source "$(dirname "$0")/lib/writers.sh"

seconds=${ROLLS_SECONDS:-20}
kills=${ROLLS_KILLS:-0}
# Each push of the clock makes all segments a sixth of the dedup window older and
# there is at most one in a second, so ids are remembered for 5 s at least. A retry
# comes within 2 s, or it is of another id.
push='5 minutes'
make_event_table ", dedup_window => '30 minutes', segment_interval => '1 day'"
sql > /dev/null <<'SQL'
CREATE TABLE skipped (event_id uuid);

-- An id that other clients try, too, and what became of it.
CREATE FUNCTION retry(k int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE id uuid := md5('retried' || k || ' ' || floor(extract(epoch FROM clock_timestamp()) / 2))::uuid; n int;
BEGIN
  INSERT INTO events (event_id, event_type, aggregate_id, payload)
    VALUES (id, 'retried', 'retried' || k % 4, jsonb_build_object('v', k));
  GET DIAGNOSTICS n = ROW_COUNT;
  IF n = 1 THEN
    INSERT INTO witness VALUES (id);
  ELSE
    INSERT INTO skipped VALUES (id);
  END IF;
END $$;

-- With the version that should be next: 40001 if somebody was faster.
CREATE FUNCTION append_version(hot int, v int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  WITH e AS (INSERT INTO events (event_type, aggregate_id, version, payload)
    SELECT 'given', 'given' || hot, coalesce(max(version), 0) + 1, jsonb_build_object('v', v)
    FROM events WHERE aggregate_id = 'given' || hot RETURNING event_id)
  INSERT INTO witness SELECT event_id FROM e;
END $$;

-- Straight into the active segment, or into one that has just been.
CREATE FUNCTION append_to_segment(hot int, v int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE leaf text; number int;
BEGIN
  SELECT s.relation::text, s.number INTO leaf, number FROM pganalytics.segments s
  WHERE s.state IN ('active', 'closing') ORDER BY random() LIMIT 1;
  EXECUTE format('WITH e AS (INSERT INTO %s (event_type, aggregate_id, payload, segment) VALUES (''leaf'', %L, %L, %s) RETURNING event_id)
    INSERT INTO witness SELECT event_id FROM e', leaf, 'hot' || hot, jsonb_build_object('v', v), number);
EXCEPTION WHEN invalid_parameter_value THEN -- it takes no events any more
END $$;

CREATE FUNCTION copy_events(n int, hot int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE ids uuid[] := ARRAY(SELECT gen_random_uuid() FROM generate_series(1, n));
BEGIN
  EXECUTE format('COPY events (event_id, event_type, aggregate_id, payload) FROM PROGRAM %L (FORMAT csv, QUOTE ''|'')',
    (SELECT format('printf ''%%s\n'' %s', string_agg(format('''%s,copied,hot%s,|{"v": %s}|''', id, 1 + (i + hot) % 6, i), ' ' ORDER BY i))
     FROM unnest(ids) WITH ORDINALITY AS u (id, i)));
  INSERT INTO witness SELECT unnest(ids);
END $$;

-- What maintenance will find: everything is older.
CREATE FUNCTION push(by interval) RETURNS void LANGUAGE sql AS $$
  UPDATE pganalytics_data.segment SET active_since = active_since - by, closed_at = closed_at - by
$$;
SQL

script retry <<< "\\set k random(1, 40)
SELECT retry(:k);"
script retry_undone <<< "${hot}BEGIN;
SAVEPOINT s;
SELECT retry(:a);
ROLLBACK TO s;
SELECT retry(:b);
COMMIT;"
script given <<< "${hot}SELECT append_version(:a, :v);"
script leaf <<< "${hot}BEGIN;
$(append "'hot' || :a::int" :v::int)
SELECT append_to_segment(:b, :v);
COMMIT;
SELECT append_to_segment(:a, :v);"
script copy <<< "${hot}SELECT copy_events(5 * :a, :b);"
script single_prepared <<< "$hot$(append "'hot' || :a::int" :v::int)"
for level in 'READ COMMITTED' 'REPEATABLE READ'; do
  script "long ${level%% *}" <<< "${hot}\\set c random(1, 1000000)
\\set ms random(300, 2500)
BEGIN ISOLATION LEVEL $level;
$(append "'long' || :c::int" :v::int)
\\sleep :ms ms
$(append "'long' || :c::int" :v::int)
$(append "'late' || :client_id::int" :v::int)
\\sleep 100 ms
$(append "'long' || :c::int" :v::int)
COMMIT;
\\sleep :ms ms"
done
for slow in fold read; do
  { cat "$work/$slow.sql"; echo '\sleep 200 ms'; } | script "slow_$slow"
done

# Rolls whenever it can be done, pushes the clock once in a second.
maintain() {
  local pushed=$SECONDS
  while [ ! -e "$work/stop" ]; do
    sql -c "SELECT pganalytics.roll_segment('events')" -c 'CALL pganalytics.run_maintenance()' > /dev/null || [ "$kills" != 0 ] || return 1
    if [ "$pushed" != "$SECONDS" ]; then
      sql -c "SELECT push('$push')" > /dev/null || [ "$kills" != 0 ] || return 1
      pushed=$SECONDS
    fi
    sleep 0.1
  done
}

# With kills, clients end when the server restarts: that is no failure.
load() {
  local pids=() pid failed=0
  bench writers -c 10 -j 1 -f "$work/single.sql@8" -f "$work/cold.sql@3" -f "$work/several.sql@4" -f "$work/savepoints.sql@4" \
    -f "$work/retry.sql@8" -f "$work/retry_undone.sql@2" -f "$work/given.sql@4" -f "$work/leaf.sql@3" -f "$work/copy.sql@1" \
    -f "$work/rolled_back.sql@2" -f "$work/blocks.sql@1" -f "$work/prepared_COMMIT.sql@1" -f "$work/prepared_ROLLBACK.sql@1" & pids+=($!)
  bench prepared -c 4 -M prepared -f "$work/single_prepared.sql@8" -f "$work/retry.sql@4" -f "$work/given.sql@2" -f "$work/leaf.sql@2" & pids+=($!)
  bench long -c 2 -M prepared -f "$work/long READ.sql" -f "$work/long REPEATABLE.sql" & pids+=($!)
  bench folds -c 1 -f "$work/slow_fold.sql" & pids+=($!)
  bench reads -c 1 -f "$work/slow_read.sql" & pids+=($!)
  for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
  return "$failed"
}

# The server's processes end and start again; a prepared transaction outlives that.
kill_a_backend() {
  sql -c "BEGIN" -c "$(append "'survivor'" 1)" -c "PREPARE TRANSACTION 'survivor'" || true
  sleep 0.3
  kill -9 "$(sql -c "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
    ORDER BY backend_type = 'pg_analytics worker' DESC, random() LIMIT 1")"
  sleep 0.5
  until sql -c 'SELECT 1' > /dev/null 2>&1; do sleep 0.2; done
}

load_and_kill() {
  load > /dev/null 2>&1 & local loader=$!
  sleep $((seconds / 2))
  kill_a_backend
  wait "$loader" || true
  # Those that the crash left.
  sql -c "SELECT format('COMMIT PREPARED %L', gid) FROM pg_prepared_xacts WHERE database = current_database()" > "$work/left" \
    && sql -f "$work/left" && sql -c 'SELECT check_projections()' > /dev/null
}

maintain & maintainer=$!
trap 'touch "$work/stop"; wait "$maintainer" || true; rm -rf "$work"' EXIT
enough="$written AND (SELECT count(*) > 20 FROM skipped)
  AND (SELECT count(*) >= 4 FROM pganalytics.segments WHERE state = 'frozen')"
if [ "$kills" = 0 ]; then
  repeat_until "$enough" load
else
  seconds=$((seconds / kills))
  for ((kill = 1; kill < kills; kill++)); do load_and_kill; done
  repeat_until "$enough" load_and_kill
fi
touch "$work/stop"
wait "$maintainer"
[ "$(sql -c 'SELECT count(*) FROM pg_prepared_xacts')" = 0 ] || { echo "prepared transactions are left"; exit 1; }

# Nobody is in the way: everything is sealed that can be, and on a slow machine, too, a
# ledger has expired in the end.
for _ in 1 2 3 4 5 6 7; do
  sql -c "SELECT pganalytics.roll_segment('events')" -c "SELECT push(2 * interval '$push')" -c 'CALL pganalytics.run_maintenance()' > /dev/null
done
sql > "$work/result" <<'SQL'
SELECT check_projections();
SELECT pganalytics.refresh_projection('by_aggregate'), pganalytics.refresh_projection('overall');
SELECT check_projections();
SQL
check_events
sql <<'SQL' >> "$work/result"
DO $$
DECLARE bad bigint; s record;
BEGIN
  FOR s IN SELECT * FROM pganalytics.event_tables WHERE last_error IS NOT NULL LOOP
    RAISE 'maintenance failed: %', s;
  END LOOP;
  FOR s IN SELECT * FROM pganalytics.segments WHERE state IN ('closing', 'shut', 'sealed', 'bounded') LOOP
    RAISE 'a segment is stuck: %', s;
  END LOOP;
  FOR s IN SELECT * FROM pganalytics.segments WHERE state = 'frozen' LOOP
    EXECUTE format('SELECT count(*) FILTER (WHERE occurred_at NOT BETWEEN $1 AND $2
        OR position NOT BETWEEN $3 AND $4) + abs(count(*) - $5) FROM %s', s.relation)
      INTO bad USING s.first_occurred_at, s.last_occurred_at, s.first_position, s.last_position, s.rows;
    ASSERT bad = 0, format('%s rows of segment %s are not as the catalog says', bad, s.number);
    ASSERT s.rows = 0 OR EXISTS (SELECT FROM pg_constraint WHERE conrelid = s.relation
      AND conname = 'pganalytics_bounds' AND convalidated), format('segment %s has no bounds', s.number);
  END LOOP;
  SELECT count(*) INTO bad FROM pganalytics_data.segment WHERE state = 'frozen' AND ledger IS NULL;
  ASSERT bad > 0, 'no ledger has expired';
  SELECT count(*) INTO bad FROM (
    (SELECT event_id, count(*) FROM skipped GROUP BY 1 EXCEPT SELECT event_id, times FROM pganalytics.duplicates)
    UNION ALL (SELECT event_id, times FROM pganalytics.duplicates EXCEPT SELECT event_id, count(*) FROM skipped GROUP BY 1)) d;
  ASSERT bad = 0, format('%s duplicates are not as they were seen', bad);
END $$;
SELECT 'segments: ' || max(number), 'turned ledgers: ' || count(*) FILTER (WHERE ledger IS NULL) FROM pganalytics_data.segment;
SELECT 'skipped: ' || count(*) FROM skipped;
SQL
cat "$work/result"
grep -h 'number of transactions' "$work"/*.log || true
