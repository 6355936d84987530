-- The options of an event table can be changed.
SET client_min_messages = warning;
CREATE FUNCTION id(n int) RETURNS uuid IMMUTABLE LANGUAGE sql AS $$ SELECT lpad(n::text, 32, '0')::uuid $$;
SELECT pganalytics.create_event_table('orders', versions => 'optional');
INSERT INTO orders (event_type, aggregate_id) VALUES ('order', 'o') RETURNING version;
SELECT pganalytics.alter_event_table('orders', 'versions', 'auto');
INSERT INTO orders (event_type, aggregate_id) VALUES ('order', 'o') RETURNING version;
SELECT pganalytics.alter_event_table('orders', 'versions', 'required');
INSERT INTO orders (event_type, aggregate_id) VALUES ('order', 'o') RETURNING version;
INSERT INTO orders (event_type, aggregate_id, version) VALUES ('order', 'o', 2) RETURNING version;
SELECT pganalytics.alter_event_table('orders', 'segment_interval', '1 hour'),
       pganalytics.alter_event_table('orders', 'segment_size', NULL),
       pganalytics.alter_event_table('orders', 'dedup_window', NULL);
SELECT versions, dedup_window, segment_interval, segment_size FROM pganalytics.event_tables WHERE event_table = 'orders'::regclass;

-- Deduplication turned off, and on again: as of the segments made after that.
SELECT pganalytics.alter_event_table('orders', 'versions', 'optional'),
       pganalytics.alter_event_table('orders', 'dedup_window', '0') \g /dev/null
CREATE PROCEDURE roll() LANGUAGE sql AS $$ SELECT pganalytics.roll_segment('orders') $$;
INSERT INTO orders (event_id, event_type, aggregate_id) VALUES (id(1), 'order', 'o') RETURNING segment;
CALL roll(); CALL pganalytics.run_maintenance();
INSERT INTO orders (event_id, event_type, aggregate_id) VALUES (id(1), 'order', 'o') RETURNING segment;
CALL roll(); CALL pganalytics.run_maintenance();
INSERT INTO orders (event_id, event_type, aggregate_id) VALUES (id(1), 'order', 'o') RETURNING segment;
SELECT pganalytics.alter_event_table('orders', 'dedup_window', '1 hour');
CALL roll(); CALL pganalytics.run_maintenance();
INSERT INTO orders (event_id, event_type, aggregate_id) VALUES (id(1), 'order', 'o') RETURNING segment;
CALL roll(); CALL pganalytics.run_maintenance();
INSERT INTO orders (event_id, event_type, aggregate_id) VALUES (id(1), 'order', 'o') RETURNING segment;
INSERT INTO orders (event_id, event_type, aggregate_id) VALUES (id(1), 'order', 'o') RETURNING segment;
CALL roll(); CALL pganalytics.run_maintenance();
INSERT INTO orders (event_id, event_type, aggregate_id) VALUES (id(1), 'order', 'o') RETURNING segment;

\set VERBOSITY terse
SELECT pganalytics.alter_event_table('orders', 'versions', 'some');
SELECT pganalytics.alter_event_table('orders', 'versions', NULL);
SELECT pganalytics.alter_event_table('orders', 'segment_interval', '0');
SELECT pganalytics.alter_event_table('orders', 'segment_interval', 'soon');
SELECT pganalytics.alter_event_table('orders', 'segment_size', '-1');
SELECT pganalytics.alter_event_table('orders', 'dedup_window', '-1 day');
SELECT pganalytics.alter_event_table('orders', 'retention', '0');
\set VERBOSITY default
SELECT pganalytics.alter_event_table('orders', 'id', '1');
SELECT pganalytics.alter_event_table('orders', 'retention', '1 year');
SELECT retention FROM pganalytics.event_tables WHERE event_table = 'orders'::regclass;
SELECT pganalytics.alter_event_table('pg_class', 'retention', '1 day');
CREATE ROLE regress_stranger;
SET ROLE regress_stranger;
SELECT pganalytics.alter_event_table('orders', 'retention', '1 day');
RESET ROLE;

DROP ROLE regress_stranger;
DROP TABLE orders;
DROP PROCEDURE roll;
DROP FUNCTION id;
