#!/usr/bin/env bash
# A dump restored into a fresh cluster, whose transaction ids are lower than those
# in the dump: projections lose nothing, versions go on, nobody has a step to do.
set -euo pipefail
cd "$(dirname "$0")/../.."

work=$(mktemp -d)
trap 'scripts/server.sh remove restored >/dev/null 2>&1 || true; rm -rf "$work"' EXIT

ask() { psql -XAtq -v ON_ERROR_STOP=1 "$@"; }
expect() { # what, expected, actual
    [ "$2" = "$3" ] || { echo "$1: expected $2, got $3"; exit 1; }
}

ask <<'SQL'
CREATE EXTENSION pg_analytics;
DO $$ BEGIN FOR i IN 1..3000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$;
SELECT pganalytics.create_event_table('events') \g /dev/null
INSERT INTO events (event_id, event_type, aggregate_id) SELECT md5(i::text)::uuid, 'a', 'x' || i % 10 FROM generate_series(1, 1000) i;
SELECT pganalytics.create_projection('per_aggregate',
    'SELECT aggregate_id, count(*) AS n, max(version) AS version, pganalytics.approx_count_distinct(event_id) AS ids FROM events GROUP BY 1')
    \g /dev/null
INSERT INTO events (event_type, aggregate_id) SELECT 'a', 'x' || i % 10 FROM generate_series(1, 10) i;
SQL
pg_dump --format custom --file "$work/dump" "$PGDATABASE"
last=$(ask -c 'SELECT max(txid) FROM events')

scripts/server.sh remove restored >/dev/null
scripts/server.sh start restored >/dev/null
in_restored() { scripts/server.sh with restored "$@"; }
in_restored pg_restore --jobs 2 --exit-on-error --dbname restored "$work/dump"
ask() { in_restored psql -XAtq -v ON_ERROR_STOP=1 "$@"; }

different='SELECT count(*) FROM ((TABLE per_aggregate EXCEPT ALL TABLE pganalytics_data.definition_1)
    UNION ALL (TABLE pganalytics_data.definition_1 EXCEPT ALL TABLE per_aggregate)) d'
expect 'ids are lower' t "$(ask -c "SELECT pg_current_xact_id() < '$last'")"
expect 'the tail of before' 10 "$(ask -c 'SELECT tail FROM pganalytics.projections')"
expect 'groups that differ' 0 "$(ask -c "$different")"
expect 'next version' 102 "$(ask -c "INSERT INTO events (event_type, aggregate_id) VALUES ('b', 'x1') RETURNING version")"
expect 'a retry of before' '' "$(ask -c "INSERT INTO events (event_id, event_type, aggregate_id) VALUES (md5('7')::uuid, 'a', 'x7') RETURNING version")"
expect 'stamp is greater' t "$(ask -c "SELECT max(txid) > '$last' FROM events")"
expect 'tail with the new event' 11 "$(ask -c 'SELECT tail FROM pganalytics.projections')"
expect 'groups that differ with a tail' 0 "$(ask -c "$different")"
expect 'events folded' 11 "$(ask -c "SELECT pganalytics.refresh_projection('per_aggregate')")"
expect 'groups that differ after a fold' 0 "$(ask -c "$different")"
ask -c "INSERT INTO events (event_type, aggregate_id) VALUES ('b', 'x2')"
expect 'the tail of after' 1 "$(ask -c 'SELECT tail FROM pganalytics.projections')"
expect 'groups that differ at the end' 0 "$(ask -c "$different")"
expect 'events' 1012 "$(ask -c 'SELECT count(*) FROM events')"

# Until the restore is over, appends wait for it rather than get a wrong number.
ask -c 'REFRESH MATERIALIZED VIEW pganalytics_data.incarnation_marker WITH NO DATA'
expect 'append during a restore' 55000 "$(ask -v VERBOSITY=sqlstate -c "INSERT INTO events (event_type, aggregate_id) VALUES ('b', 'x2')" 2>&1 | sed 's/^ERROR: *//')"
