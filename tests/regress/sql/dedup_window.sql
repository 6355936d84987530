-- Deduplication: how long an event id is remembered, and what was skipped.
SET client_min_messages = warning;
CREATE FUNCTION id(n int) RETURNS uuid IMMUTABLE LANGUAGE sql AS $$ SELECT lpad(n::text, 32, '0')::uuid $$;
-- An hour, which the test lets pass by moving the catalog's clock.
SELECT pganalytics.create_event_table('orders', dedup_window => '1 hour', versions => 'optional');
CREATE PROCEDURE an_hour_passes() LANGUAGE sql AS $$
    UPDATE pganalytics_data.segment SET active_since = active_since - interval '1 hour', closed_at = closed_at - interval '1 hour'
$$;
-- Ledgers by their order: of the segments that are not sealed, and how many there are.
CREATE VIEW phases AS
SELECT s.number, s.state, l.nth AS ledger, n.nth AS next_ledger, p.nth AS past_ledger, all_of.count AS ledgers
FROM pganalytics_data.segment s
JOIN pganalytics_data.event_table t ON t.id = s.event_table AND t.relation = 'orders'::regclass,
LATERAL (SELECT count(*) FROM pg_class c WHERE c.relname ~ ('^ledger_' || t.id || '_\d+$')) all_of,
LATERAL (SELECT substring(s.ledger::text FROM '\d+$')::int AS nth) l,
LATERAL (SELECT substring(s.next_ledger::text FROM '\d+$')::int AS nth) n,
LATERAL (SELECT substring(s.past_ledger::text FROM '\d+$')::int AS nth) p
WHERE s.state IN ('active', 'spare');

INSERT INTO orders (event_id, event_type, aggregate_id) SELECT id(n), 'order', 'o' FROM generate_series(1, 3) n;
INSERT INTO orders (event_id, event_type, aggregate_id) SELECT id(n), 'order', 'o' FROM generate_series(2, 4) n RETURNING event_id;
INSERT INTO orders (event_id, event_type, aggregate_id) VALUES (id(3), 'order', 'o');
SELECT event_id, times, original_position, first_at < last_at AS repeated FROM pganalytics.duplicates
WHERE event_table = 'orders'::regclass ORDER BY event_id;
-- What is rolled back was not skipped either.
BEGIN;
INSERT INTO orders (event_id, event_type, aggregate_id) VALUES (id(1), 'order', 'o');
ROLLBACK;
SELECT sum(times) FROM pganalytics.duplicates WHERE event_table = 'orders'::regclass;

-- A second ledger takes over, in phases: the ids are known through all of them.
CREATE PROCEDURE roll() LANGUAGE sql AS $$ SELECT pganalytics.roll_segment('orders') $$;
TABLE phases ORDER BY number;
CALL an_hour_passes(); CALL roll(); CALL pganalytics.run_maintenance();
TABLE phases ORDER BY number;
INSERT INTO orders (event_id, event_type, aggregate_id) SELECT id(n), 'order', 'o' FROM generate_series(1, 5) n RETURNING event_id;
CALL roll(); CALL pganalytics.run_maintenance();
TABLE phases ORDER BY number;
INSERT INTO orders (event_id, event_type, aggregate_id) SELECT id(n), 'order', 'o' FROM generate_series(1, 6) n RETURNING event_id;
CALL roll(); CALL pganalytics.run_maintenance();
TABLE phases ORDER BY number;
INSERT INTO orders (event_id, event_type, aggregate_id) SELECT id(n), 'order', 'o' FROM generate_series(1, 7) n RETURNING event_id;
-- Another content under an id of the past ledger.
\set VERBOSITY sqlstate
INSERT INTO orders (event_id, event_type, aggregate_id) VALUES (id(1), 'refund', 'o');
\set VERBOSITY default
-- An hour later those of the first ledger are forgotten, and it is dropped.
CALL an_hour_passes(); CALL roll(); CALL pganalytics.run_maintenance();
TABLE phases ORDER BY number;
CALL roll(); CALL pganalytics.run_maintenance();
TABLE phases ORDER BY number;
CALL roll(); CALL pganalytics.run_maintenance();
TABLE phases ORDER BY number;
INSERT INTO orders (event_id, event_type, aggregate_id) SELECT id(n), 'order', 'o' FROM generate_series(1, 8) n RETURNING event_id;
-- Maintenance has added up the rows of each, of which there is one for each time.
SELECT event_id, times, original_position FROM pganalytics.duplicates
WHERE event_table = 'orders'::regclass ORDER BY event_id, original_position;
SELECT count(*) > count(DISTINCT (event_id, position)) AS rows_to_add_up FROM pganalytics_data.duplicate d
JOIN pganalytics_data.event_table t ON t.id = d.event_table AND t.relation = 'orders'::regclass;
CALL pganalytics.run_maintenance();
SELECT count(*) = count(DISTINCT (event_id, position)) AS added_up FROM pganalytics_data.duplicate d
JOIN pganalytics_data.event_table t ON t.id = d.event_table AND t.relation = 'orders'::regclass;
-- Who may not read the table does not see what was skipped.
CREATE ROLE regress_stranger;
SET ROLE regress_stranger;
SELECT count(*) FROM pganalytics.duplicates;
RESET ROLE;
DROP ROLE regress_stranger;

-- Zero: nothing is remembered. NULL: as long as the events are kept.
SELECT pganalytics.create_event_table('never', dedup_window => '0'),
       pganalytics.create_event_table('always', dedup_window => NULL);
INSERT INTO never (event_id, event_type, aggregate_id) VALUES (id(1), 'order', 'o'), (id(1), 'order', 'o') RETURNING version;
INSERT INTO always (event_id, event_type, aggregate_id) VALUES (id(1), 'order', 'o'), (id(1), 'order', 'o') RETURNING version;
CALL an_hour_passes();
SELECT pganalytics.roll_segment('never'), pganalytics.roll_segment('always') \g /dev/null
CALL pganalytics.run_maintenance();
INSERT INTO never (event_id, event_type, aggregate_id) VALUES (id(1), 'order', 'o') RETURNING version, segment;
INSERT INTO always (event_id, event_type, aggregate_id) VALUES (id(1), 'order', 'o') RETURNING version, segment;

DROP VIEW phases;
DROP TABLE orders, never, always;
DROP PROCEDURE an_hour_passes, roll;
DROP FUNCTION id;
