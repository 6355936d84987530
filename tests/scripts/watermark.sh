#!/usr/bin/env bash
# Writers with wrong clocks, rollbacks, savepoints and a long transaction, while the
# worker and two others advance the watermark: it never falls, every event is seen
# once, and in the end it stands at the latest event less the lateness.
source "$(dirname "$0")/lib/psql.sh"

work=$(mktemp -d)
cleanup() { reset_server pganalytics.worker pganalytics.fold_tail pganalytics.worker_naptime || true; rm -rf "$work"; }
trap cleanup EXIT

sql "CREATE EXTENSION pg_analytics"
set_server pganalytics.worker=on pganalytics.fold_tail=1 pganalytics.worker_naptime=10
sql "SELECT pganalytics.create_event_table('events', versions => 'optional', allowed_lateness => '1 second')" >/dev/null
sql "CREATE TABLE seen (n bigserial, at timestamptz, watermark timestamptz, late bigint, events bigint)"

cat > "$work/write.sql" <<'SQL'
\set jitter random_gaussian(-5000, 2000, 3)
\set way random(1, 10)
BEGIN;
INSERT INTO events (event_type, aggregate_id, occurred_at) VALUES ('a', 'a', clock_timestamp() + :jitter * interval '1 ms');
SAVEPOINT s;
INSERT INTO events (event_type, aggregate_id, occurred_at) VALUES ('b', 'b', clock_timestamp() - interval '1 ms');
\if :way = 1
ROLLBACK TO s;
\endif
\if :way = 2
ROLLBACK;
\else
COMMIT;
\endif
SQL
# pgbench's \if takes no comparison of its own.
sed -i 's/\\if :way = \([0-9]\)/\\set is_\1 :way = \1\n\\if :is_\1/' "$work/write.sql"
echo "INSERT INTO seen (at, watermark, late, events) SELECT clock_timestamp(), watermark, late_events, events FROM pganalytics.watermarks;
SELECT pg_sleep(0.02);" > "$work/look.sql"
echo "CALL pganalytics.run_maintenance();" > "$work/advance.sql"

bench() { pgbench -n -T 6 "$@" > "$work/$RANDOM.log" 2>&1 || { cat "$work"/*.log; die "pgbench"; }; }
load() {
  local pids=() pid
  bench -c 4 -f "$work/write.sql" & pids+=($!)
  bench -c 1 -f "$work/look.sql" & pids+=($!)
  bench -c 2 -f "$work/advance.sql" & pids+=($!)
  psql -XAtq -c "BEGIN" -c "INSERT INTO events (event_type, aggregate_id, occurred_at) VALUES ('long', 'l', clock_timestamp())" \
    -c "SELECT pg_sleep(4)" -c "COMMIT" > /dev/null & pids+=($!)
  for pid in "${pids[@]}"; do wait "$pid" || die "a writer failed"; done
}
# Looked at while it rose.
repeat_until "count(DISTINCT watermark) > 20 AND (SELECT count(*) > 100 FROM events) FROM seen" load

now "it never fell, nor did what it counts" "SELECT bool_and(rises) FROM (
  SELECT coalesce(watermark >= lag(watermark) OVER w AND late >= lag(late) OVER w AND events >= lag(events) OVER w, true) AS rises
  FROM seen WINDOW w AS (ORDER BY n)) s"
now "it never ran ahead of the clock" "SELECT bool_and(watermark <= at - interval '1 second') FROM seen"
sql "CALL pganalytics.run_maintenance()"
eventually 10 "every event is seen once" \
  "SELECT events = (SELECT count(*) FROM events) AND events > 100 FROM pganalytics.watermarks"
now "some were late, and not all" "SELECT late_events BETWEEN 1 AND events - 1 FROM pganalytics.watermarks"
now "it stands at the latest event less the lateness" "SELECT watermark = (
  SELECT max(least(occurred_at, recorded_at)) - interval '1 second' FROM events) FROM pganalytics.watermarks"
now "nothing is held up" "SELECT last_error IS NULL FROM pganalytics.event_tables"
