#!/usr/bin/env bash
# Without shared_preload_libraries sessions start the worker. Uses a server of its
# own, not the one of the other scripts.
root=$(cd "$(dirname "$0")/../.." && pwd)
if [ -z "${ON_PLAIN_SERVER:-}" ]; then
  "$root/scripts/server.sh" remove plain
  "$root/scripts/server.sh" start plain
  status=0
  ON_PLAIN_SERVER=1 "$root/scripts/server.sh" with plain "$0" || status=$?
  echo "--- a fast stop, while a worker runs"
  timeout 30 "$root/scripts/server.sh" remove plain
  exit "$status"
fi
source "$(dirname "$0")/lib/psql.sh"

per_type="SELECT event_type, count(*) AS events FROM events GROUP BY event_type"

echo "--- create_projection"
# The settings are known to whoever has loaded the library.
psql -XAtq -v ON_ERROR_STOP=1 -c "LOAD 'pg_analytics'" -c "ALTER SYSTEM SET pganalytics.worker_naptime = '50ms'" \
  -c "ALTER SYSTEM SET pganalytics.fold_tail = 100" -c "SELECT pg_reload_conf()" >/dev/null
sql "CREATE EXTENSION pg_analytics"
sql "SELECT pganalytics.create_event_table('events')" >/dev/null
now "nothing to fold, no worker" "$no_worker"
sql "SELECT pganalytics.create_projection('per_type', '$per_type')" >/dev/null
eventually 30 "it starts a worker" "$one_worker"
append 200
eventually 30 "that folds" "$(folded per_type)"
equals_its_query per_type

echo "--- the first append of a session"
worker=$(worker_pid)
sql "SELECT pg_terminate_backend($worker, 10000)" >/dev/null
append 200
eventually 30 "it starts a worker" "$one_worker"
eventually 30 "that folds" "$(folded per_type)"

echo "--- the first read of a session"
sql "SELECT pg_terminate_backend($(worker_pid), 10000)" >/dev/null
sql "TABLE per_type" >/dev/null
eventually 30 "it starts a worker" "$one_worker"

echo "--- many sessions at once"
sql "SELECT pg_terminate_backend($(worker_pid), 10000)" >/dev/null
for _ in 1 2 3 4 5 6; do append 20 & done
wait
eventually 30 "they start one worker" "$one_worker"
eventually 30 "that folds" "$(folded per_type)"
equals_its_query per_type

echo "--- rolled back"
sql "SELECT pg_terminate_backend($(worker_pid), 10000)" >/dev/null
sql "BEGIN; INSERT INTO events (event_type, aggregate_id) VALUES ('none', 'none'); ROLLBACK"
stays 1 "a rollback starts none" "$no_worker"

echo "--- DROP DATABASE"
main=$PGDATABASE
createdb other
export PGDATABASE=other
sql "CREATE EXTENSION pg_analytics"
sql "SELECT pganalytics.create_event_table('events')" >/dev/null
sql "SELECT pganalytics.create_projection('per_type', '$per_type')" >/dev/null
append 200
eventually 30 "its projection is folded" "$(folded per_type)"
now "by its own worker" "$one_worker"
PGDATABASE=$main
dropdb other
echo "ok: it can be dropped"
append 20
eventually 30 "a worker runs" "$one_worker"
