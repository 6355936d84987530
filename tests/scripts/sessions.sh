#!/usr/bin/env bash
# Sessions built in batches, rebuilt and folded by the worker while writers bridge and
# prolong them: at any moment the projection equals the sessions of the whole log.
source "$(dirname "$0")/lib/psql.sh"

work=$(mktemp -d)
cleanup() {
  reset_server pganalytics.worker pganalytics.batch_events pganalytics.worker_naptime pganalytics.fold_tail || true
  rm -rf "$work"
}
trap cleanup EXIT

sql "CREATE EXTENSION pg_analytics"
set_server pganalytics.worker=on pganalytics.batch_events=500 pganalytics.worker_naptime=20ms pganalytics.fold_tail=20
sql "SELECT pganalytics.create_event_table('clicks', versions => 'optional', segment_size => '1 MB')" >/dev/null
# Times in steps of ten minutes: many are equal, or exactly half an hour apart.
sql "CREATE PROCEDURE click(n int) LANGUAGE sql AS \$\$
  INSERT INTO clicks (event_type, aggregate_id, occurred_at, payload)
  SELECT 'click', 'u' || floor(random() * 20), timestamptz '2024-01-01' + floor(random() * 20000) * interval '10 minutes',
         jsonb_build_object('ms', floor(random() * 100)) FROM generate_series(1, n)\$\$"
sql "CALL click(6000)"
sql "CREATE TABLE checks (n serial, wrong bigint, sessions bigint, tail bigint)"
sql "SELECT pganalytics.create_projection('visits', \$\$
  SELECT aggregate_id AS who, pganalytics.session(occurred_at, '30 minutes') AS visit, count(*) AS clicks,
         sum((payload->>'ms')::int) AS ms, max(position) AS last
  FROM clicks GROUP BY who, pganalytics.session(occurred_at, '30 minutes')\$\$)" 2>/dev/null >/dev/null
sql "CREATE VIEW expected AS
  SELECT who, tstzrange(min(at), max(at), '[]') AS visit, count(*) AS clicks, sum(ms) AS ms, max(position) AS last
  FROM (SELECT *, sum(opens::int) OVER (PARTITION BY who ORDER BY at, position) AS n
        FROM (SELECT aggregate_id AS who, occurred_at AS at, position, (payload->>'ms')::int AS ms,
                     coalesce(occurred_at - lag(occurred_at) OVER (PARTITION BY aggregate_id ORDER BY occurred_at, position)
                              > '30 minutes', true) AS opens FROM clicks) e) e GROUP BY who, n"
different="(SELECT count(*) FROM ((TABLE visits EXCEPT ALL TABLE expected) UNION ALL (TABLE expected EXCEPT ALL TABLE visits)) d)"

echo "CALL click(1 + (random() * 3)::int);
SELECT pg_sleep(0.01);" > "$work/write.sql"
echo "BEGIN; CALL click(3); SELECT pg_sleep(0.05); SAVEPOINT s; CALL click(2); ROLLBACK TO s; COMMIT;" > "$work/slow.sql"
echo "INSERT INTO checks (wrong, sessions, tail) SELECT $different, (SELECT count(*) FROM visits), tail FROM pganalytics.projections;" > "$work/check.sql"
echo "BEGIN ISOLATION LEVEL REPEATABLE READ; CALL click(2); SELECT pg_sleep(0.1);
INSERT INTO checks (wrong) SELECT $different; ROLLBACK;" > "$work/own.sql"
echo "SELECT pganalytics.refresh_projection('visits'); SELECT pg_sleep(0.3);" > "$work/fold.sql"
echo "SELECT pganalytics.rebuild_projection('visits'); SELECT pg_sleep(2);" > "$work/rebuild.sql"

bench() { pgbench -n -T 10 "$@" > "$work/$BASHPID.log" 2>&1 || { cat "$work/$BASHPID.log"; exit 1; }; }
load() {
  local pids=() pid
  bench -c 2 -f "$work/write.sql" & pids+=($!)
  bench -c 1 -f "$work/slow.sql" & pids+=($!)
  bench -c 2 -f "$work/check.sql" & pids+=($!)
  bench -c 1 -f "$work/own.sql" & pids+=($!)
  bench -c 1 -f "$work/fold.sql" & pids+=($!)
  bench -c 1 -f "$work/rebuild.sql" & pids+=($!)
  for pid in "${pids[@]}"; do wait "$pid" || die "pgbench"; done
}
# Read often, with and without a tail, as sessions came and went.
repeat_until "count(*) > 20 AND count(DISTINCT sessions) > 5 AND max(tail) > 0 FROM checks" load

now "it was right whenever it was read" "SELECT bool_and(wrong = 0) FROM checks"
now "it is built" "SELECT pganalytics.wait_for_projection('visits', '1 minute')"
sql "SELECT pganalytics.refresh_projection('visits')" >/dev/null
now "it is right in the end" "SELECT $different = 0"
now "nothing failed" "SELECT last_error IS NULL FROM pganalytics.projections"
