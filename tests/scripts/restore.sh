#!/usr/bin/env bash
# A dump restored into a fresh cluster, whose transaction ids are lower than those
# in the dump: projections lose nothing, versions go on, nobody has a step to do.
# Segments have rolled and ledgers have turned before; both go on.
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
SELECT pganalytics.create_event_table('events', allowed_lateness => '0') \g /dev/null
INSERT INTO events (event_id, event_type, aggregate_id) SELECT md5(i::text)::uuid, 'a', 'x' || i % 10 FROM generate_series(1, 1000) i;
SELECT pganalytics.create_projection('per_aggregate',
    'SELECT aggregate_id, count(*) AS n, max(version) AS version, pganalytics.approx_count_distinct(event_id) AS ids FROM events GROUP BY 1')
    \g /dev/null

-- The hash of an enum, a number in this cluster, is another in the next.
CREATE TYPE kind AS ENUM ('b', 'a');

-- Ids of each segment of another one, over whole turns of its ledgers: the last two
-- windows are remembered.
SELECT pganalytics.create_event_table('rolled', dedup_window => '1 hour') \g /dev/null
SELECT pganalytics.create_projection('per_segment', 'SELECT segment, count(*) AS n, max(version) AS version FROM rolled GROUP BY 1') \g /dev/null
SELECT pganalytics.create_projection('per_event', 'SELECT aggregate_id, count(DISTINCT event_type::kind) AS kinds, array_agg(DISTINCT event_type::kind) AS which,
    pganalytics.last(event_type, version) AS last FROM events GROUP BY 1') \g /dev/null
SELECT pganalytics.create_projection('visits',
    $$SELECT aggregate_id, pganalytics.session(occurred_at, '1 day') AS visit, count(*) AS n, stddev(version) AS spread
      FROM events GROUP BY 1, pganalytics.session(occurred_at, '1 day')$$) \g /dev/null
SELECT pganalytics.create_projection('per_kind', 'SELECT event_type::kind AS kind, aggregate_id, count(*) AS n, stddev(version) AS spread
    FROM events GROUP BY 1, 2') \g /dev/null
CREATE PROCEDURE roll() LANGUAGE plpgsql AS $$
DECLARE active int;
BEGIN
    PERFORM pganalytics.roll_segment('rolled');
    UPDATE pganalytics_data.segment SET active_since = active_since - interval '30 minutes', closed_at = closed_at - interval '30 minutes';
    COMMIT;
    CALL pganalytics.run_maintenance();
    SELECT active_segment INTO active FROM pganalytics.event_tables WHERE event_table = 'rolled'::regclass;
    INSERT INTO rolled (event_id, event_type, aggregate_id) SELECT md5(active || ' ' || i)::uuid, 'a', 'x' FROM generate_series(1, 3) i;
END $$;
SELECT 'CALL roll()' FROM generate_series(1, 9) \gexec
INSERT INTO events (event_type, aggregate_id) SELECT 'a', 'x' || i % 10 FROM generate_series(1, 10) i;

-- A projection that has set an event aside.
SELECT pganalytics.create_event_table('orders') \g /dev/null
INSERT INTO orders (event_type, aggregate_id, payload) VALUES ('a', 'x', '1'), ('a', 'x', '"two"'), ('a', 'x', '3');
CREATE FUNCTION digested(payload jsonb) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN payload::int; END';
SET client_min_messages = error;
SELECT pganalytics.create_projection('amounts', 'SELECT count(*) AS n, sum(digested(payload)) AS amount FROM orders') \g /dev/null
SQL
expect 'dead letters before' 1 "$(ask -c "SELECT dead_letters FROM pganalytics.projections WHERE name = 'amounts'")"
expect 'maintenance before' '' "$(ask -c 'SELECT last_error FROM pganalytics.event_tables WHERE last_error IS NOT NULL')"
expect 'a ledger has expired' t "$(ask -c 'SELECT bool_or(ledger IS NULL) FROM pganalytics_data.segment')"
expect 'segments before' 'frozen 9,active 1,spare 1' "$(ask -c "SELECT string_agg(state || ' ' || n, ',' ORDER BY first)
    FROM (SELECT state, count(*) AS n, min(number) AS first FROM pganalytics.segments WHERE event_table = 'rolled'::regclass GROUP BY 1) s")"
pg_dump --format custom --file "$work/dump" "$PGDATABASE"
last=$(ask -c 'SELECT max(txid) FROM events')

scripts/server.sh remove restored >/dev/null
scripts/server.sh start restored >/dev/null
in_restored() { scripts/server.sh with restored "$@"; }
in_restored pg_restore --jobs 4 --exit-on-error --dbname restored "$work/dump"
ask() { in_restored psql -XAtq -v ON_ERROR_STOP=1 "$@"; }

definition() { # projection
    ask -c "SELECT g.definition FROM pganalytics_data.generation g JOIN pganalytics_data.projection p ON p.generation = g.id
        WHERE p.relation = '$1'::regclass"
}
different='SELECT count(*) FROM ((TABLE per_aggregate EXCEPT ALL TABLE pganalytics_data.definition_1)
    UNION ALL (TABLE pganalytics_data.definition_1 EXCEPT ALL TABLE per_aggregate)) d'
expect 'ids are lower' t "$(ask -c "SELECT pg_current_xact_id() < '$last'")"
expect 'the tail of before' 10 "$(ask -c "SELECT tail FROM pganalytics.projections WHERE name = 'per_aggregate'")"
expect 'groups that differ' 0 "$(ask -c "$different")"
unlike='SELECT count(*) FROM (TABLE visits EXCEPT ALL SELECT aggregate_id,
    tstzrange(min(occurred_at), max(occurred_at), $$[]$$), count(*), stddev(version) FROM events GROUP BY 1) d'
expect 'sessions that differ' '0 10' "$(ask -F ' ' -c "SELECT ($unlike), count(*) FROM visits")"
expect 'events the watermark has seen' 1000 "$(ask -c 'SELECT events FROM pganalytics.watermarks')"
expect 'next version' 102 "$(ask -c "INSERT INTO events (event_type, aggregate_id) VALUES ('b', 'x1') RETURNING version")"
expect 'a retry of before' '' "$(ask -c "INSERT INTO events (event_id, event_type, aggregate_id) VALUES (md5('7')::uuid, 'a', 'x7') RETURNING version")"
expect 'stamp is greater' t "$(ask -c "SELECT max(txid) > '$last' FROM events")"
expect 'tail with the new event' 11 "$(ask -c "SELECT tail FROM pganalytics.projections WHERE name = 'per_aggregate'")"
expect 'groups that differ with a tail' 0 "$(ask -c "$different")"
expect 'events folded' 11 "$(ask -c "SELECT pganalytics.refresh_projection('per_aggregate')")"
expect 'groups that differ after a fold' 0 "$(ask -c "$different")"
ask -c "INSERT INTO events (event_type, aggregate_id) VALUES ('b', 'x2')"
expect 'the tail of after' 1 "$(ask -c "SELECT tail FROM pganalytics.projections WHERE name = 'per_aggregate'")"
ask -c "SELECT pganalytics.refresh_projection('visits')" >/dev/null
expect 'sessions that differ after a fold' '0 10' "$(ask -F ' ' -c "SELECT ($unlike), count(*) FROM visits WHERE aggregate_id LIKE 'x%'")"
expect 'groups that differ at the end' 0 "$(ask -c "$different")"
kinds='SELECT count(*) FROM ((TABLE per_event EXCEPT ALL TABLE pganalytics_data.definition_3)
    UNION ALL (TABLE pganalytics_data.definition_3 EXCEPT ALL TABLE per_event)) d'
expect 'groups whose values or last event differ' 0 "$(ask -c "$kinds")"
expect 'values folded' 12 "$(ask -c "SELECT pganalytics.refresh_projection('per_event')")"
expect 'groups whose values or last event differ after a fold' 0 "$(ask -c "$kinds")"
by_enum="SELECT count(*) FROM ((TABLE per_kind EXCEPT ALL TABLE $(definition per_kind))
    UNION ALL (TABLE $(definition per_kind) EXCEPT ALL TABLE per_kind)) d"
expect 'groups of an enum that differ' 0 "$(ask -c "$by_enum")"
expect 'events folded by an enum' 12 "$(ask -c "SELECT pganalytics.refresh_projection('per_kind')")"
expect 'groups of an enum that differ after a fold' '0 12' "$(ask -F ' ' -c "SELECT ($by_enum), count(*) FROM per_kind")"
expect 'groups that verify finds' 0 "$(ask -c "SELECT count(*) FROM pganalytics.verify_projection('per_kind')")"
expect 'events' 1012 "$(ask -c 'SELECT count(*) FROM events')"
ask -c 'CALL pganalytics.run_maintenance()'
expect 'events the watermark has seen once' 1012 "$(ask -c 'SELECT events FROM pganalytics.watermarks')"

# What was set aside is so still, and can be retried.
expect 'dead letters' 1 "$(ask -c "SELECT dead_letters FROM pganalytics.projections WHERE name = 'amounts'")"
expect 'without it' '2|4' "$(ask -c 'TABLE amounts')"
ask -c "CREATE OR REPLACE FUNCTION digested(payload jsonb) RETURNS int IMMUTABLE LANGUAGE sql
    AS \$\$ SELECT CASE payload WHEN '\"two\"' THEN 2 ELSE payload::int END \$\$"
expect 'retried' 1 "$(ask -c "SELECT pganalytics.retry_dead_letters('amounts')")"
expect 'with it' '3|6' "$(ask -c 'TABLE amounts')"

# What the segments and ledgers of before are good for, and that they go on.
check_rolled() {
    different='SELECT count(*) FROM ((TABLE per_segment EXCEPT ALL TABLE pganalytics_data.definition_2)
        UNION ALL (TABLE pganalytics_data.definition_2 EXCEPT ALL TABLE per_segment)) d'
    expect 'segments that differ' 0 "$(ask -c "$different")"
    expect 'a retry from the active segment' '' "$(ask -c "INSERT INTO rolled (event_id, event_type, aggregate_id) VALUES (md5('10 1')::uuid, 'a', 'x') RETURNING version")"
    expect 'a retry from a sealed segment' '' "$(ask -c "INSERT INTO rolled (event_id, event_type, aggregate_id) VALUES (md5('9 3')::uuid, 'a', 'x') RETURNING version")"
    expect 'the next version' 28 "$(ask -c "INSERT INTO rolled (event_type, aggregate_id) VALUES ('a', 'x') RETURNING version")"
    expect 'into a sealed segment' 22023 "$(ask -v VERBOSITY=sqlstate -c "INSERT INTO rolled (event_type, aggregate_id, segment) VALUES ('a', 'x', 9)" 2>&1 | sed 's/^ERROR: *//')"
    ask -c 'CALL pganalytics.run_maintenance()'
    expect 'a change' 55000 "$(ask -v VERBOSITY=sqlstate -c "SET session_replication_role = replica; UPDATE rolled SET event_type = 'b'" 2>&1 | sed 's/^ERROR: *//')"
    for i in 1 2 3; do ask -c 'CALL roll()'; done
    expect 'segments after' 'frozen 12,active 1,spare 1' "$(ask -c "SELECT string_agg(state || ' ' || n, ',' ORDER BY first)
        FROM (SELECT state, count(*) AS n, min(number) AS first FROM pganalytics.segments WHERE event_table = 'rolled'::regclass GROUP BY 1) s")"
    expect 'the version after' 37 "$(ask -c "SELECT max(version) FROM rolled")"
    expect 'maintenance after' '' "$(ask -c 'SELECT last_error FROM pganalytics.event_tables WHERE last_error IS NOT NULL')"
    expect 'segments that differ after' 0 "$(ask -c "$different")"
    expect 'rows that are not as counted' 0 "$(ask -c "SELECT count(*) FROM pganalytics.segments s
        WHERE event_table = 'rolled'::regclass AND rows <> (SELECT count(*) FROM rolled r WHERE r.segment = s.number)")"
}
check_rolled

# Until the restore is over, appends wait for it rather than get a wrong number.
ask -c 'REFRESH MATERIALIZED VIEW pganalytics_data.incarnation_marker WITH NO DATA'
expect 'append during a restore' 55000 "$(ask -v VERBOSITY=sqlstate -c "INSERT INTO events (event_type, aggregate_id) VALUES ('b', 'x2')" 2>&1 | sed 's/^ERROR: *//')"

# The data alone, into a database that has the rest, with its triggers off meanwhile.
in_restored createdb in_parts
in_parts() { in_restored env PGDATABASE=in_parts "$@"; }
in_parts pg_restore --schema-only --exit-on-error --dbname in_parts "$work/dump"
in_parts pg_restore --data-only --disable-triggers --jobs 4 --exit-on-error --dbname in_parts "$work/dump"
ask() { in_parts psql -XAtq -v ON_ERROR_STOP=1 "$@"; }
check_rolled

# Dropped in one way or another, projections leave nothing behind.
parts="SELECT (SELECT count(*) FROM pg_class WHERE relnamespace = 'pganalytics_data'::regnamespace AND relkind <> 'i'
        AND relname ~ '^(definition|state|access|seen)_[0-9]'),
    (SELECT count(*) FROM pg_proc WHERE pronamespace = 'pganalytics_data'::regnamespace AND proname ~ '^partial_'),
    (SELECT count(*) FROM pganalytics_data.projection) + (SELECT count(*) FROM pganalytics_data.generation)
        + (SELECT count(*) FROM pganalytics_data.checkpoint) + (SELECT count(*) FROM pganalytics_data.dead_letter)"
ask -c "SELECT pganalytics.drop_projection('per_aggregate'); DROP VIEW per_event, visits; DROP FUNCTION digested CASCADE;
    DROP TYPE kind CASCADE; DROP TABLE rolled CASCADE" >/dev/null
expect 'what is left' '0 0 0' "$(ask -F ' ' -c "$parts")"
