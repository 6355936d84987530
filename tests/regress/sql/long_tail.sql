-- The length of a tail is counted up to 10,000 events. Beyond it is estimated by positions, so
-- that the view answers at once, however many projections have however long tails.
SELECT pganalytics.create_event_table('clicks', versions => 'optional');
SELECT pganalytics.create_projection('per_page', 'SELECT aggregate_id, count(*) AS n FROM clicks GROUP BY 1');
SELECT pganalytics.pause_projection('per_page');
CREATE FUNCTION click(n int) RETURNS void LANGUAGE sql AS $$
    INSERT INTO clicks (event_type, aggregate_id) SELECT 'x', 'page ' || i % 10 FROM generate_series(1, n) i $$;
CREATE VIEW tail AS SELECT p.tail, (SELECT count(*) FROM clicks) AS exact FROM pganalytics.projections p;
SELECT click(6000);
-- Positions without an event do not count,
BEGIN;
SELECT click(50);
ROLLBACK;
SELECT click(3990);
TABLE tail;
-- nor does it matter in which segment the events lie,
SELECT pganalytics.roll_segment('clicks');
CALL pganalytics.run_maintenance();
SELECT click(10);
SELECT number FROM pganalytics.segments WHERE state = 'active';
TABLE tail;
SELECT click(20);
TABLE tail;
-- until there are more.
BEGIN;
SELECT click(30);
ROLLBACK;
TABLE tail;
SELECT pganalytics.refresh_projection('per_page');
SELECT tail FROM tail;
SELECT sum(n) FROM per_page;
DROP VIEW tail;
SELECT pganalytics.drop_projection('per_page');
DROP TABLE clicks;
DROP FUNCTION click;
CALL pganalytics.run_maintenance();
