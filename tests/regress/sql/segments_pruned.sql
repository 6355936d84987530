-- A filter on the time of events leaves segments alone that cannot have any: here
-- there are a hundred, each of a day, and the active one.
SET client_min_messages = warning;
SELECT pganalytics.create_event_table('days', versions => 'optional');
SELECT format($$INSERT INTO days (event_type, aggregate_id, occurred_at)
         SELECT 'visit', 'user', '2020-01-01'::timestamptz + interval '%s days' + n * interval '1 minute' FROM generate_series(0, 9) n$$, day),
       $$SELECT pganalytics.roll_segment('days')$$, 'CALL pganalytics.run_maintenance()'
FROM generate_series(0, 99) day
\o /dev/null
\gexec
\o
INSERT INTO days (event_type, aggregate_id) VALUES ('visit', 'user');
SELECT state, count(*) FROM pganalytics.segments WHERE event_table = 'days'::regclass GROUP BY 1 ORDER BY 1;

-- How many segments a query looks at, and how many of those row by row.
CREATE FUNCTION looks_at(condition text, OUT segments bigint, OUT by_seq_scan bigint, OUT removed bigint, OUT events bigint)
LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
    segments := 0; by_seq_scan := 0; removed := 0;
    FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT FROM days WHERE ' || condition LOOP
        segments := segments + (line ~ 'Scan (using \S+ )?on segment_\d+_\d+ ')::int;
        by_seq_scan := by_seq_scan + (line ~ 'Seq Scan on segment_')::int;
        removed := removed + coalesce(substring(line FROM 'Subplans Removed: (\d+)')::int, 0);
    END LOOP;
    EXECUTE 'SELECT count(*) FROM days WHERE ' || condition INTO events;
END $$;

-- Literals: the CHECKs of the sealed segments.
SELECT * FROM looks_at($$occurred_at >= '2020-02-01' AND occurred_at < '2020-02-03'$$);
-- Relative to now(), the plan cannot know: each of the others costs a probe of its
-- BRIN index, and nothing if the first segment to look at is found when it runs.
SET enable_seqscan = off;
SELECT * FROM looks_at($$occurred_at >= now() - interval '1 hour'$$);
RESET enable_seqscan;
-- That finds nothing to read in a sealed one, also in its last pages.
SELECT count(*) AS indexes, count(*) FILTER (WHERE brin_summarize_new_values(i.indexrelid) > 0) AS not_summarized
FROM pganalytics.segments s JOIN pg_index i ON i.indrelid = s.relation JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_am m ON m.oid = c.relam WHERE s.event_table = 'days'::regclass AND s.state = 'frozen' AND m.amname = 'brin';
SELECT * FROM looks_at($$occurred_at >= now() - interval '1 hour'
    AND segment >= pganalytics.first_segment('days', now() - interval '1 hour')$$);
PREPARE recent(interval) AS SELECT count(*) FROM days
WHERE occurred_at >= now() - $1 AND segment >= pganalytics.first_segment('days', now() - $1);
SET plan_cache_mode = force_generic_plan;
EXECUTE recent('1 hour');
INSERT INTO days (event_type, aggregate_id) VALUES ('visit', 'user');
EXECUTE recent('1 hour');
EXECUTE recent('100 years');

SELECT pganalytics.first_segment('days', '2020-01-31 00:09'), pganalytics.first_segment('days', '2020-01-31 00:09:01'),
       pganalytics.first_segment('days', '-infinity'), pganalytics.first_segment('days', 'infinity');
SELECT pganalytics.first_segment('pg_class', now());

DROP TABLE days;
DROP FUNCTION looks_at;
