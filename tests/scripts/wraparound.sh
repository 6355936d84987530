#!/usr/bin/env bash
# Transaction ids come again after four billion. A head that the transaction of this
# id made in the last round, frozen since, is not taken for one's own: it is locked.
set -euo pipefail
cd "$(dirname "$0")/../.."

trap 'scripts/server.sh remove restored >/dev/null 2>&1 || true' EXIT
scripts/server.sh remove restored >/dev/null
scripts/server.sh start restored >/dev/null
ask() { scripts/server.sh with restored psql -XAtq -v ON_ERROR_STOP=1 "$@"; }

ask -c "CREATE EXTENSION pg_analytics" -c "SELECT pganalytics.create_event_table('events')" \
  -c "INSERT INTO events (event_type, aggregate_id) VALUES ('a', 'first')" >/dev/null
id=$(ask -c "INSERT INTO events (event_type, aggregate_id) VALUES ('a', 'x') RETURNING pg_current_xact_id()")
ask -c "SELECT format('VACUUM FREEZE %s;', t) FROM pganalytics_data.event_table, unnest(ARRAY[heads, 'pganalytics_data.segment_1_1', 'pganalytics_data.ledger_1_1']) t" |
  ask -f -
scripts/server.sh stop restored >/dev/null
scripts/server.sh with restored scripts/as-postgres.sh pg_resetwal -x "$id" -e 1 target/restored/data
scripts/server.sh start restored >/dev/null

ask <<'SQL' & first=$!
BEGIN;
SELECT pg_current_xact_id() \g /dev/null
INSERT INTO events (event_type, aggregate_id) VALUES ('b', 'x');
SELECT pg_sleep(1) \g /dev/null
COMMIT;
SQL
until [ "$(ask -c "SELECT count(*) FROM pg_locks WHERE locktype = 'transactionid'")" = 1 ]; do sleep 0.05; done
sleep 0.2
version=$(ask -c "INSERT INTO events (event_type, aggregate_id) VALUES ('c', 'x') RETURNING version")
wait "$first"
[ "$version" = 3 ] || { echo "version $version instead of 3"; exit 1; }
ids=$(ask -c "SELECT string_agg((txid::text::bigint - $id)::text, ' ' ORDER BY version) FROM events WHERE aggregate_id = 'x'")
[ "$ids" = "0 4294967296 4294967297" ] || { echo "ids differ by $ids"; exit 1; }
