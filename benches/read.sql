-- about: point, range and whole reads of 60,000 groups, tail empty and of 1,000 events, 1 and 100 segments; 11 runs, in turn (2 minutes)
SELECT pganalytics.create_event_table('read_' || n, versions => 'optional') FROM (VALUES (1), (100)) AS _(n) \g /dev/null
-- The same events in one segment and in a hundred.
SELECT replace(step, 'PART', part::text)
FROM generate_series(0, 98) AS part,
     unnest(ARRAY['INSERT INTO read_100 (event_type, aggregate_id, payload)
                   SELECT ''click'', ''x'', jsonb_build_object(''k'', n, ''v'', n % 7) FROM generate_series(PART * 607, PART * 607 + 606) n',
                  'SELECT pganalytics.roll_segment(''read_100'')',
                  'CALL pganalytics.run_maintenance()']) WITH ORDINALITY AS steps(step, place)
ORDER BY part, place
\o /dev/null
\gexec
\o
INSERT INTO read_1 (event_type, aggregate_id, payload) SELECT event_type, aggregate_id, payload FROM read_100;
CREATE TABLE read_table (k int PRIMARY KEY, n bigint, total float8);
INSERT INTO read_table SELECT (payload->>'k')::int, count(*), sum((payload->>'v')::float8) FROM read_1 GROUP BY 1;
SELECT pganalytics.create_projection('projected_' || n, format('SELECT (payload->>''k'')::int AS k, count(*) AS n,
    sum((payload->>''v'')::float8) AS total FROM read_%s GROUP BY 1', n)) FROM (VALUES (1), (100)) AS _(n) \g /dev/null
SELECT pganalytics.refresh_projection('projected_' || n) FROM (VALUES (1), (100)) AS _(n) \g /dev/null
-- Autovacuum is off: the planner knows what it would know with it.
VACUUM ANALYZE;
CREATE PROCEDURE read_beside(suffix text, target text) LANGUAGE plpgsql AS $$
DECLARE
    points text := 'DO $d$ DECLARE r record; BEGIN FOR i IN 1..1000 LOOP SELECT * INTO r FROM %s WHERE k = i * 17; END LOOP; END $d$';
    ranges text := 'DO $d$ DECLARE r record; BEGIN FOR i IN 1..200 LOOP SELECT count(*), sum(n) INTO r FROM %s WHERE k BETWEEN i * 17 AND i * 17 + 100; END LOOP; END $d$';
    -- To the client: every value is put into text and handed over.
    whole text := 'DO $d$ BEGIN PERFORM length(string_agg(t::text, '''')) FROM %s t; END $d$';
BEGIN
    FOR run IN 1..11 LOOP
        CALL measure('point read, ' || suffix, 'ours', run, 1000, format(points, target));
        CALL measure('point read, ' || suffix, 'plain', run, 1000, format(points, 'read_table'));
        CALL measure('range read of 100, ' || suffix, 'ours', run, 200, format(ranges, target));
        CALL measure('range read of 100, ' || suffix, 'plain', run, 200, format(ranges, 'read_table'));
        CALL measure('whole read, ' || suffix, 'ours', run, 1, format(whole, target));
        CALL measure('whole read, ' || suffix, 'plain', run, 1, format(whole, 'read_table'));
    END LOOP;
END $$;
CALL read_beside('tail empty', 'projected_1');
CALL read_beside('tail empty, 100 segments', 'projected_100');
INSERT INTO read_100 (event_type, aggregate_id, payload)
SELECT 'click', 'x', jsonb_build_object('k', (random() * 60000)::int, 'v', 1) FROM generate_series(1, 1000);
INSERT INTO read_1 (event_type, aggregate_id, payload)
SELECT 'click', 'x', jsonb_build_object('k', (random() * 60000)::int, 'v', 1) FROM generate_series(1, 1000);
CALL read_beside('tail of 1,000', 'projected_1');
CALL read_beside('tail of 1,000, 100 segments', 'projected_100');
