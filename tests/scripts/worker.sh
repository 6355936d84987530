#!/usr/bin/env bash
# The background worker of a server with shared_preload_libraries: folds, rests,
# reports, dies and comes back, and makes way for DROP.
source "$(dirname "$0")/lib/psql.sh"

work=$(mktemp -d)
open_sessions=()
cleanup() {
  local pid
  for pid in "${open_sessions[@]}"; do kill "$pid" 2>/dev/null || true; done
  reset_server pganalytics.worker pganalytics.fold_timeout pganalytics.fold_tail pganalytics.fold_delay pganalytics.worker_naptime \
    pganalytics.dead_letters_limit || true
  rm -rf "$work"
}
trap cleanup EXIT

# A session that runs some SQL and stays, until end_session.
begin_session() { # name SQL
  mkfifo "$work/$1"
  PGAPPNAME=$1 psql -XAtq -v ON_ERROR_STOP=1 < "$work/$1" > "$work/$1.out" 2>&1 &
  open_sessions+=($!)
  exec {input}> "$work/$1"
  echo "$2" >&"$input"
  echo "\\echo ready" >&"$input"
  for _ in $(seq 100); do grep -qx ready "$work/$1.out" && return; sleep 0.1; done
  cat "$work/$1.out"; die "session $1 does not answer"
}
end_session() { exec {input}>&-; wait "${open_sessions[-1]}"; unset 'open_sessions[-1]'; }

create_projections() {
  sql "CREATE EXTENSION pg_analytics"
  sql "SELECT pganalytics.create_event_table('events')" >/dev/null
  sql "SELECT pganalytics.create_projection('per_type',
         'SELECT event_type, count(*) AS events FROM events GROUP BY event_type')" >/dev/null
  sql "SELECT pganalytics.create_projection('per_aggregate',
         'SELECT aggregate_id, sum((payload->>''n'')::int) AS total FROM events GROUP BY aggregate_id')" >/dev/null
}

echo "--- off"
create_projections
append 1500
sql "TABLE per_type" >/dev/null
# (In another database one may be left from when the setting was on: it idles.)
now "off: no worker" "$no_worker"
stays 2 "nothing is folded" "SELECT tail = 1500 AND folds = 1 FROM pganalytics.projections WHERE name = 'per_type'"
now "still no worker" "$no_worker"
equals_its_query per_type

echo "--- on"
set_server pganalytics.worker=on pganalytics.worker_naptime=50ms pganalytics.fold_delay=1h
eventually 30 "a long tail is folded" "$(folded per_type)"
eventually 30 "of each projection" "$(folded per_aggregate)"
now "by one worker" "$one_worker"
append 10
stays 1 "a short tail is left" "$(has_tail per_type 10)"
set_server pganalytics.fold_delay=500ms
eventually 30 "until the last fold is long ago" "$(folded per_type)"
set_server pganalytics.fold_tail=20 pganalytics.fold_delay=1h
append 25
eventually 30 "how long a tail is long is a setting" "$(folded per_type)"
equals_its_query per_type

echo "--- off again, with a worker there"
set_server pganalytics.worker=off pganalytics.fold_tail=1
eventually 10 "the worker says so" "SELECT activity = 'pganalytics.worker is off' FROM pganalytics.workers
  WHERE database = current_database()"
append 100
stays 1 "off: nothing is folded" "$(has_tail per_type 100)"
equals_its_query per_type
set_server pganalytics.worker=on
eventually 30 "on again" "$(folded per_type)"

echo "--- notices"
begin_session listener "LISTEN pganalytics;"
append 100
for _ in $(seq 300); do
  echo "SELECT;" >&"$input"
  grep -q '"pganalytics" with payload "per_type"' "$work/listener.out" && break
  sleep 0.1
done
end_session
grep -q '"pganalytics" with payload "per_type"' "$work/listener.out" || die "no notice came"
echo "ok: a notice comes after a fold"

echo "--- a transaction elsewhere that stays open"
begin_session idler "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT pg_current_xact_id(); SELECT count(*) FROM per_type;"
append 100
eventually 30 "it does not stop folding" "$(folded per_type)"
# Ten naps apart now, so that dead rows do not pile up that nobody can remove.
set_server pganalytics.worker_naptime=500ms
append 100
eventually 30 "neither the next time" "$(folded per_type)"
append 100
stays 1 "but it makes the intervals longer" "$(has_tail per_type 100)"
set_server pganalytics.worker_naptime=50ms
eventually 30 "not endless" "$(folded per_type)"
equals_its_query per_type
end_session

echo "--- somebody else's fold that stays open"
begin_session folder "BEGIN; SELECT pganalytics.refresh_projection('per_type');"
append 100
eventually 30 "the other projection is folded" "$(folded per_aggregate)"
now "waiting for a lock is no error" "SELECT last_error IS NULL FROM pganalytics.projections WHERE name = 'per_type'"
end_session
eventually 30 "this one is once the lock is free" "$(folded per_type)"

echo "--- an event that a projection cannot digest"
sql "SELECT pganalytics.create_projection('broken',
       'SELECT sum((payload->>''n'')::int) AS total FROM events')" >/dev/null
sql "SELECT pganalytics.drop_projection('per_aggregate')" >/dev/null
sql "INSERT INTO events (event_type, aggregate_id, payload) VALUES ('type0', 'a0', '{\"n\": \"abc\"}')"
append 100
eventually 30 "it is set aside, the rest is folded" "SELECT dead_letters = 1 AND tail = 0 AND last_error IS NULL
  FROM pganalytics.projections WHERE name = 'broken'"
now "with its error" "SELECT sqlstate = '22P02' AND error LIKE '%abc%' FROM pganalytics.dead_letters WHERE projection = 'broken'"
sql "SELECT pganalytics.drop_projection('broken')" >/dev/null

echo "--- something that is missing"
sql "CREATE TABLE rates (rate int); INSERT INTO rates VALUES (2)"
sql "CREATE FUNCTION rated(n int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN n * rate FROM rates; END'"
sql "SELECT pganalytics.create_projection('broken',
       'SELECT sum(rated((payload->>''n'')::int)) AS total FROM events WHERE event_type = ''type1''')" >/dev/null
sql "ALTER TABLE rates RENAME TO missing"
append 100
eventually 30 "it is recorded" "SELECT last_error_state = '42P01' AND last_error LIKE '%rates%' AND last_error_at IS NOT NULL
  FROM pganalytics.projections WHERE name = 'broken'"
append 100
eventually 30 "the other projection is folded" "$(folded per_type)"
eventually 30 "it is tried again, later and later" "SELECT failures >= 2 FROM pganalytics_data.projection WHERE relation = 'broken'::regclass"
now "what it has folded stays" "SELECT tail > 100 AND status = 'failing' FROM pganalytics.projections WHERE name = 'broken'"
sql "ALTER TABLE missing RENAME TO rates"
eventually 60 "it goes on once the cause is gone" "SELECT tail = 0 AND status = 'ready' AND last_error IS NULL
  FROM pganalytics.projections WHERE name = 'broken'"
equals_its_query broken

echo "--- a definition that fails on everything"
set_server pganalytics.dead_letters_limit=10
sql "CREATE OR REPLACE FUNCTION rated(n int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RAISE ''not today''; END'"
append 100
eventually 30 "it stops and says why" "SELECT last_error_state = '54000' AND last_error LIKE '%10 events%not today%' AND dead_letters = 0
  FROM pganalytics.projections WHERE name = 'broken'"
reset_server pganalytics.dead_letters_limit
sql "SELECT pganalytics.drop_projection('broken')" >/dev/null
equals_its_query per_type

echo "--- terminated during a fold"
sql "CREATE FUNCTION slow(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS
       'BEGIN IF \$1 = ''slow'' THEN PERFORM pg_sleep(300); END IF; RETURN \$1; END'"
sql "SELECT pganalytics.create_projection('slowly',
       'SELECT slow(event_type) AS type, count(*) AS events FROM events GROUP BY 1')" >/dev/null
sql "INSERT INTO events (event_type, aggregate_id) VALUES ('slow', 'a0')"
append 100
eventually 30 "its activity can be seen" "SELECT activity = 'folding projection slowly' FROM pganalytics.workers
  WHERE database = current_database()"
set_server pganalytics.worker=off
now "it ends at once" "SELECT pg_terminate_backend($(worker_pid), 5000)"

echo "--- one that takes too long does not keep the worker"
set_server pganalytics.fold_timeout=1s
set_server pganalytics.worker=on
eventually 60 "another worker comes" "$one_worker"
eventually 30 "it gives up" "SELECT status = 'failing' AND last_error LIKE '%timeout%' FROM pganalytics.projections
  WHERE name = 'slowly'"
append 100
eventually 30 "and folds the others" "$(folded per_type)"
sql "CREATE OR REPLACE FUNCTION slow(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT \$1'"
eventually 60 "mended, it is folded, too" "SELECT status = 'ready' FROM pganalytics.projections WHERE name = 'slowly'"
reset_server pganalytics.fold_timeout
sql "SELECT pganalytics.drop_projection('slowly')" >/dev/null

echo "--- sweeps up what plain DROP leaves, as where the event trigger could not"
sql "SELECT pganalytics.create_projection('dropped', 'SELECT count(*) FROM events')" >/dev/null
left=$(sql "SELECT id FROM pganalytics_data.projection WHERE relation = 'dropped'::regclass")
sql "ALTER EVENT TRIGGER pganalytics_drop DISABLE; DROP VIEW dropped; ALTER EVENT TRIGGER pganalytics_drop ENABLE ALWAYS"
eventually 30 "its state is gone" "SELECT count(*) = 0 FROM pg_class WHERE relname IN ('state_$left', 'access_$left', 'definition_$left')"

echo "--- terminated"
first=$(worker_pid)
sql "SELECT pg_terminate_backend($first)" >/dev/null
append 100
eventually 60 "another worker comes" "SELECT pid <> $first FROM pganalytics.workers WHERE database = current_database()"
eventually 30 "and folds" "$(folded per_type)"

echo "--- killed"
set_server pganalytics.fold_tail=2000
append 1900
launcher=$(sql "SELECT pid FROM pg_stat_activity WHERE backend_type = 'pg_analytics launcher'")
kill -9 "$(worker_pid)"
append 200 2>/dev/null || true
eventually 60 "the server recovers, the launcher too" "SELECT pid <> $launcher FROM pg_stat_activity
  WHERE backend_type = 'pg_analytics launcher'"
append 2000
eventually 60 "a worker comes" "$one_worker"
eventually 60 "and folds" "$(folded per_type)"
equals_its_query per_type

echo "--- DROP EXTENSION and back"
set_server pganalytics.fold_tail=20
append 100
sql "SET client_min_messages = warning; DROP EXTENSION pg_analytics CASCADE; DROP TABLE IF EXISTS events"
create_projections
append 100
eventually 60 "a worker comes" "$one_worker"
eventually 60 "and folds" "$(folded per_type)"

echo "--- DROP DATABASE"
main=$PGDATABASE
createdb other_of_worker
export PGDATABASE=other_of_worker
create_projections
append 100
eventually 60 "its projection is folded" "$(folded per_type)"
now "by its own worker" "$one_worker"
PGDATABASE=$main
# PostgreSQL itself waits 5 seconds for sessions to leave, then refuses.
createdb --template=other_of_worker copy_of_worker
echo "ok: it can be copied"
dropdb copy_of_worker
dropdb other_of_worker
echo "ok: it can be dropped"
eventually 30 "one worker is left" "SELECT count(*) = 1 FROM pganalytics.workers WHERE database LIKE '%worker%'"
