-- about: the same 1,000-event insert into event tables of 1, 10 and 100 segments (20 s)
CALL make_twin('parts_twin_1', 2);
CALL make_twin('parts_twin_10', 11);
CALL make_twin('parts_twin_100', 101);
CALL alternate('the twin''s INSERT of 1,000 into 10', 10000,
    thousand('parts_twin_10', 'pganalytics.uuid_v7()', 'n % 10 + 1'),
    thousand('parts_twin_1', 'pganalytics.uuid_v7()', 'n % 10 + 1'), 10);
CALL alternate('the twin''s INSERT of 1,000 into 100', 10000,
    thousand('parts_twin_100', 'pganalytics.uuid_v7()', 'n % 10 + 1'),
    thousand('parts_twin_1', 'pganalytics.uuid_v7()', 'n % 10 + 1'), 10);
SELECT pganalytics.create_event_table('segments_' || n) FROM (VALUES (1), (10), (100)) AS _(n) \g /dev/null
-- A segment moves on when it holds rows.
SELECT replace(step, 'TABLE', 'segments_' || n)
FROM (VALUES (10), (100)) AS _(n), generate_series(2, n),
     unnest(ARRAY['INSERT INTO TABLE (event_type, aggregate_id) VALUES (''order'', ''first'')',
                  'SELECT pganalytics.roll_segment(''TABLE'')',
                  'CALL pganalytics.run_maintenance()']) WITH ORDINALITY AS steps(step, place)
ORDER BY n, generate_series, place
\o /dev/null
\gexec
\o
SELECT 1 / count(*) FROM pganalytics.event_tables WHERE event_table = 'segments_100'::regclass AND active_segment = 100 \g /dev/null
CALL alternate('INSERT of 1,000 into 10 segments', 10000,
    thousand('segments_10', 'pganalytics.uuid_v7()', NULL), thousand('segments_1', 'pganalytics.uuid_v7()', NULL), 10);
CALL alternate('INSERT of 1,000 into 100 segments', 10000,
    thousand('segments_100', 'pganalytics.uuid_v7()', NULL), thousand('segments_1', 'pganalytics.uuid_v7()', NULL), 10);
