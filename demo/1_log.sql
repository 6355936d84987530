-- The log: one event table, and the purchases of the file by plain INSERT, twice.

\set QUIET on
\pset footer off
CREATE EXTENSION pg_analytics;
CREATE EXTENSION "uuid-ossp";
CREATE TEMPORARY TABLE staging (
    seq integer, entity_id text, event_type text, ts timestamptz, amount numeric, props jsonb
);
\copy staging FROM PROGRAM 'gzip -dc cdnow.csv.gz' WITH (FORMAT csv, HEADER)

\echo :b'1. The log: applications INSERT, and nothing else':o
\set ECHO queries
\o /dev/null
SELECT pganalytics.create_event_table('events', dedup_window => NULL);
\o
\timing on
\set QUIET off
INSERT INTO events (event_id, event_type, aggregate_id, occurred_at, payload)
SELECT uuid_generate_v5(uuid_ns_url(), 'cdnow.csv#' || seq), event_type, entity_id, ts,
       props || jsonb_build_object('amount', amount)
FROM staging ORDER BY seq;
\set ECHO none
\set QUIET on
\echo
\echo '-- The whole file again: the ids come from the lines, so every event is a duplicate'
\set QUIET off
\g
\set QUIET on
\timing off
\echo
\echo '-- The events of one customer; versions and positions are the extension\'s'
SELECT version, occurred_at::date AS day, event_type, payload, position
FROM events WHERE aggregate_id = '00002' ORDER BY version;
