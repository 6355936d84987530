#!/usr/bin/env bash
# The life of an inline projection over a long log: built in the background, folded by those
# who append once it has caught up, rebuilt beside them, dumped and restored.
source "$(dirname "$0")/lib/psql.sh"
source "$(dirname "$0")/lib/sessions.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"; reset_server pganalytics.worker pganalytics.batch_events pganalytics.backlog_rate pganalytics.worker_naptime
      scripts/server.sh remove restored >/dev/null 2>&1 || true' EXIT
cd "$(dirname "$0")/../.."

is() { echo "SELECT status = '$2' AND mode = 'inline' FROM pganalytics.projections WHERE name = '$1'"; }
in_force() { echo "SELECT is_inline FROM pganalytics_data.checkpoint JOIN pganalytics_data.projection USING (generation) WHERE relation = '$1'::regclass"; }
query="SELECT event_type, count(*) AS events, sum((payload->>''n'')::int) AS total FROM events GROUP BY event_type"

sql "CREATE EXTENSION pg_analytics"
sql "SELECT pganalytics.create_event_table('events', segment_size => '2 MB')" >/dev/null
append 6000
set_server pganalytics.worker=on pganalytics.worker_naptime=50ms pganalytics.batch_events=500 pganalytics.backlog_rate=3000
eventually 5 "settings" "SELECT current_setting('pganalytics.backlog_rate') = '3000'"

echo "--- built in batches, while others append"
notice=$(sql "SELECT pganalytics.create_projection('per_type', '$query', mode => 'inline')" 2>&1)
[[ $notice == *"built in the background"* ]] || die "no notice: $notice"
now "it is being built" "$(is per_type 'being built')"
append 100
equals_its_query per_type
# Who holds a segment keeps it from being settled, and nobody else from appending.
open_session late
say late "BEGIN;"
say late "INSERT INTO events (event_type, aggregate_id, payload) SELECT 'late', 'b' || i, '{\"n\": 1}' FROM generate_series(1, 50) i;"
reset_server pganalytics.backlog_rate
eventually 20 "it has caught up" "SELECT checkpoint::text <> '1:1:' AND next IS NULL FROM pganalytics_data.checkpoint"
now "it is not inline beside who has appended before" "SELECT NOT ($(in_force per_type))"
append 20
equals_its_query per_type
say late "COMMIT;"
close_sessions
now "then it is" "SELECT pganalytics.wait_for_projection('per_type', '20 s')"
now "it is in force" "$(in_force per_type)"
now "and ready" "$(is per_type ready)"
equals_its_query per_type
append 20
now "whoever appends folds" "$(folded per_type)"
equals_its_query per_type

echo "--- rebuilt beside the one that is read"
set_server pganalytics.backlog_rate=3000
eventually 5 "settings" "SELECT current_setting('pganalytics.backlog_rate') = '3000'"
notice=$(sql "SELECT pganalytics.rebuild_projection('per_type')" 2>&1)
[[ $notice == *"anew in the background"* ]] || die "no notice: $notice"
now "the old one stays inline" "$(in_force per_type)"
append 20
now "and is folded" "$(folded per_type)"
equals_its_query per_type
now "it is being replaced" "$(is per_type 'being replaced')"
reset_server pganalytics.backlog_rate
now "it is built" "SELECT pganalytics.wait_for_projection('per_type', '30 s')"
now "the new one is inline" "$(in_force per_type)"
append 20
now "and folded" "$(folded per_type)"
equals_its_query per_type
now "nothing is left of the old one" "SELECT count(*) = 1 FROM pg_class
  WHERE relname ~ '^state_[0-9]+$' AND relnamespace = 'pganalytics_data'::regnamespace"

echo "--- paused for a long time"
sql "SELECT pganalytics.pause_projection('per_type')" >/dev/null
append 3000
equals_its_query per_type
sql "SELECT pganalytics.resume_projection('per_type')" >/dev/null
append 10
now "it catches up" "SELECT pganalytics.wait_for_projection('per_type', '30 s')"
now "and is inline again" "$(in_force per_type)"
append 10
equals_its_query per_type

echo "--- caught up by another process"
sql "SELECT pganalytics.pause_projection('per_type')" >/dev/null
append 3000
# Somebody is at a batch, as a helper is. Those who append do not wait for the rest of it.
psql -XAtq <<'SQL' &
BEGIN;
SELECT FROM pganalytics_data.checkpoint FOR UPDATE;
SELECT pg_sleep(3);
SQL
batch=$!
eventually 5 "the batch" "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
sql "UPDATE pganalytics_data.projection SET paused_at = NULL" >/dev/null
stays 2 "writers are not kept out" "SELECT count(*) = 0 FROM pg_locks WHERE mode = 'ShareRowExclusiveLock'
  AND relation IN (SELECT relation FROM pganalytics_data.segment)"
wait "$batch"
now "it catches up" "SELECT pganalytics.wait_for_projection('per_type', '30 s')"
now "and is inline again" "$(in_force per_type)"
equals_its_query per_type

echo "--- dumped and restored"
set_server pganalytics.worker=off
pg_dump --format custom --file "$work/dump" "$PGDATABASE"
events=$(sql "SELECT count(*) FROM events")
scripts/server.sh remove restored >/dev/null
scripts/server.sh start restored >/dev/null
in_restored() { scripts/server.sh with restored "$@"; }
in_restored pg_restore --jobs 4 --exit-on-error --dbname restored "$work/dump"
sql() { in_restored psql -XAtq -v ON_ERROR_STOP=1 -c "$1"; }
check() {
  now "all events are there" "SELECT count(*) = $events FROM events"
  now "it is inline" "$(in_force per_type)"
  equals_its_query per_type
  append 10
  now "whoever appends folds" "$(folded per_type)"
  equals_its_query per_type
  sql "SET session_replication_role = replica; INSERT INTO events (event_type, aggregate_id, payload) VALUES ('r', 'r', '{\"n\": 1}')"
  equals_its_query per_type
}
check

echo "--- the data alone, with its triggers off meanwhile"
in_restored createdb in_parts
in_parts() { in_restored env PGDATABASE=in_parts "$@"; }
in_parts pg_restore --schema-only --exit-on-error --dbname in_parts "$work/dump"
in_parts pg_restore --data-only --disable-triggers --jobs 4 --exit-on-error --dbname in_parts "$work/dump"
sql() { in_parts psql -XAtq -v ON_ERROR_STOP=1 -c "$1"; }
sql "CALL pganalytics.run_maintenance()"
now "its triggers are always on again" "SELECT bool_and(tgenabled = 'A') FROM pg_trigger WHERE tgname = '~~fold'"
check
