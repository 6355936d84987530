-- COPY, in and out, in each format.
SELECT pganalytics.create_event_table('events');
COPY events (event_id, event_type, aggregate_id, payload) FROM stdin;
01900000-0000-7000-8000-000000000001	opened	a	{"n": 1}
01900000-0000-7000-8000-000000000001	opened	a	{"n": 1}
01900000-0000-7000-8000-000000000002	paid	a	{"n": 2}
\.
COPY events (event_type, aggregate_id, version, payload) FROM stdin (FORMAT csv, HEADER match);
event_type,aggregate_id,version,payload
closed,a,3,"{""n"": 3}"
"opened",b,,{}
\.
SELECT aggregate_id, version, event_type, payload FROM events ORDER BY position;

-- A file is taken whole or not at all.
\set VERBOSITY terse
\set SHOW_CONTEXT never
COPY events (event_type, aggregate_id, version) FROM stdin;
reopened	a	4
closed	a	6
\.
INSERT INTO events (event_type, aggregate_id, version) VALUES ('reopened', 'a', 4);

-- All columns of one log into another: those that the extension sets are set anew.
-- (The segment must be left out: the other log may have moved on.)
SELECT pganalytics.create_event_table('copies');
SELECT format('%s/results/events.copy', current_setting('data_directory') || '/../..') AS file \gset
COPY (SELECT event_id, event_type, aggregate_id, version, occurred_at, payload, metadata, context, schema_version,
             recorded_at, position, txid FROM events ORDER BY position) TO :'file' (FORMAT binary);
COPY copies (event_id, event_type, aggregate_id, version, occurred_at, payload, metadata, context, schema_version,
             recorded_at, position, txid) FROM :'file' (FORMAT binary);
COPY copies (event_id, event_type, aggregate_id, version, occurred_at, payload, metadata, context, schema_version,
             recorded_at, position, txid) FROM :'file' (FORMAT binary);
SELECT count(*), count(DISTINCT c.txid) AS transactions, bool_and(c.recorded_at > e.recorded_at AND c.txid > e.txid) AS set_anew
FROM copies c JOIN events e USING (event_id, event_type, aggregate_id, version, occurred_at, payload);

DROP TABLE events, copies;
