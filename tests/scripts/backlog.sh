#!/usr/bin/env bash
# Backlogs: built in batches by the worker, read exactly meanwhile, gone on with after a
# crash, throttled, and replaced while they are built.
source "$(dirname "$0")/lib/psql.sh"
trap 'reset_server pganalytics.worker pganalytics.batch_events pganalytics.backlog_rate pganalytics.worker_naptime pganalytics.fold_workers' EXIT

progress() { sql "SELECT done FROM pganalytics.projection_progress WHERE name = '$1'"; }
status() { echo "SELECT status = '$2' FROM pganalytics.projections WHERE name = '$1'"; }

sql "CREATE EXTENSION pg_analytics"
sql "SELECT pganalytics.create_event_table('events', segment_size => '2 MB')" >/dev/null
append 8000
# A long transaction, whose events have low positions and come late.
psql -XAtq <<'SQL' &
BEGIN;
INSERT INTO events (event_type, aggregate_id, payload) SELECT 'late', 'a' || i % 7, jsonb_build_object('n', i) FROM generate_series(1, 500) i;
SELECT pg_sleep(8);
COMMIT;
SQL
late=$!
sleep 1
append 8000
sql "CALL pganalytics.run_maintenance()"

echo "--- built in batches"
set_server pganalytics.worker=on pganalytics.worker_naptime=50ms pganalytics.batch_events=500 pganalytics.backlog_rate=5000
eventually 5 "settings" "SELECT current_setting('pganalytics.backlog_rate') = '5000'"
notice=$(sql "SELECT pganalytics.create_projection('per_type',
       'SELECT event_type, count(*) AS events, sum((payload->>''n'')::int) AS total FROM events GROUP BY event_type')" 2>&1)
[[ $notice == *"built in the background"* ]] || die "no notice: $notice"
eventually 20 "progress is shown" "SELECT done > 0 AND done < total AND phase = 'building' AND events_per_second > 0 AND remaining > '0'
  FROM pganalytics.projection_progress WHERE name = 'per_type'"
now "in its status too" "$(status per_type 'being built')"
equals_its_query per_type
append 100
equals_its_query per_type

echo "--- a crash costs what was folded within the last second: its commits are not waited for"
eventually 20 "more of it is done" "SELECT done >= 7000 FROM pganalytics.projection_progress WHERE name = 'per_type'"
pg_pid=$(sql "SELECT pid FROM pganalytics.workers WHERE database = current_database()")
kill -9 "$pg_pid"
sleep 0.2
eventually 30 "the server is there again" "SELECT true"
after=$(progress per_type)
[ "${after:-16000}" -ge 1000 ] || die "it was begun anew: $after"
echo "ok: it goes on from there"
equals_its_query per_type
# (The crash has ended the long transaction, too.)
wait "$late" 2>/dev/null || true
append 300

echo "--- replaced while it is built"
notice=$(sql "SELECT pganalytics.replace_projection('per_type',
       'SELECT event_type, count(*) AS events, sum((payload->>''n'')::int) AS total, max(version) AS longest FROM events GROUP BY event_type')" 2>&1)
[[ $notice == *"anew in the background"* ]] || die "no notice: $notice"
now "it has the old columns" "SELECT count(*) = 3 FROM information_schema.columns WHERE table_name = 'per_type'"
eventually 20 "the replacement has progress of its own" "SELECT done > 0 FROM pganalytics.projection_progress
  WHERE name = 'per_type' AND phase = 'building its replacement'"
equals_its_query per_type
append 50
now "asked to wait a moment, it is not there yet" "SELECT NOT pganalytics.wait_for_projection('per_type', '100 ms')"

echo "--- throttle off"
reset_server pganalytics.backlog_rate
now "it is built soon" "SELECT pganalytics.wait_for_projection('per_type', '1 minute')"
now "it has the new columns" "SELECT count(*) = 4 FROM information_schema.columns WHERE table_name = 'per_type'"
equals_its_query per_type
now "nothing is left of the old one" "SELECT count(*) = 1 FROM pg_class
  WHERE relname ~ '^state_[0-9]+$' AND relnamespace = 'pganalytics_data'::regnamespace"

echo "--- a backlog behind a pause"
sql "SELECT pganalytics.pause_projection('per_type')" >/dev/null
append 3000
stays 1 "paused" "SELECT tail >= 3000 AND status = 'paused' FROM pganalytics.projections WHERE name = 'per_type'"
equals_its_query per_type
set_server pganalytics.backlog_rate=3000
sql "SELECT pganalytics.resume_projection('per_type')" >/dev/null
eventually 20 "it catches up in batches" "SELECT done > 0 AND phase = 'catching up' FROM pganalytics.projection_progress"
equals_its_query per_type
append 1000
equals_its_query per_type
sql "SELECT pganalytics.refresh_projection('per_type')" >/dev/null
now "whoever wants it folded at once can have that" "$(folded per_type)"
equals_its_query per_type

echo "--- several at once"
set_server pganalytics.batch_events=1000 pganalytics.fold_workers=3
reset_server pganalytics.backlog_rate
sql "SELECT pganalytics.pause_projection('per_type')" >/dev/null
for n in 1 2 3; do
  sql "SELECT pganalytics.create_projection('slow_$n', 'SELECT aggregate_id, count(*) AS events,
         count(*) FILTER (WHERE payload::text ~ ''(1+)+$n\$'') AS matching FROM events GROUP BY aggregate_id', with_data => false)" >/dev/null
  sql "SELECT pganalytics.pause_projection('slow_$n')" >/dev/null
done
append 60000
sql "SELECT count(pganalytics.resume_projection(name)) FROM pganalytics.projections WHERE status = 'paused'" >/dev/null
eventually 30 "others help the worker" "SELECT count(*) >= 2 FROM pganalytics.workers WHERE database = current_database()"
for n in 1 2 3; do
  now "caught up" "SELECT pganalytics.wait_for_projection('slow_$n', '1 minute')"
  now "each event is folded once" "SELECT sum(events) = 60000 FROM slow_$n"
done
equals_its_query per_type
eventually 10 "and leave when it is done" "$one_worker"

echo "--- by maintenance, throttled"
set_server pganalytics.worker=off pganalytics.backlog_rate=10000
append 5000
sql "CALL pganalytics.run_maintenance()"
now "it goes on to the end" "$(folded per_type)"
equals_its_query per_type
