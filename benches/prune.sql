-- about: counting the events of the last hour, of 1,000,000 in 100 segments and in one (a minute)
SELECT pganalytics.create_event_table('pruned_' || n, versions => 'optional') FROM (VALUES (1), (100)) AS _(n) \g /dev/null
-- A day each, of 10,000 events.
SELECT replace(step, 'DAY', day::text)
FROM generate_series(1, 100) AS day,
     unnest(ARRAY['INSERT INTO pruned_100 (event_type, aggregate_id, occurred_at)
                   SELECT ''visit'', ''user'', ''2020-01-01''::timestamptz + interval ''DAY days'' + n * interval ''10 seconds''
                   FROM generate_series(1, 10000) n',
                  'SELECT pganalytics.roll_segment(''pruned_100'')',
                  'CALL pganalytics.run_maintenance()']) WITH ORDINALITY AS steps(step, place)
ORDER BY day, place
\o /dev/null
\gexec
\o
INSERT INTO pruned_1 (event_type, aggregate_id, occurred_at)
SELECT event_type, aggregate_id, occurred_at FROM pruned_100 ORDER BY position;
INSERT INTO pruned_1 (event_type, aggregate_id) SELECT 'visit', 'user' FROM generate_series(1, 100);
INSERT INTO pruned_100 (event_type, aggregate_id) SELECT 'visit', 'user' FROM generate_series(1, 100);
VACUUM ANALYZE pruned_1;
VACUUM ANALYZE pruned_100;
-- Segments of a few hundred pages would rather be read whole, and by parallel workers
-- whose start takes longer than all of it.
CREATE FUNCTION counts(target text, condition text) RETURNS text LANGUAGE sql AS $body$
    SELECT format('DO $d$ BEGIN SET LOCAL enable_seqscan = off; SET LOCAL max_parallel_workers_per_gather = 0; FOR i IN 1..20 LOOP PERFORM count(*) FROM %s WHERE %s; END LOOP; END $d$',
                  target, replace(condition, 'TABLE', target))
$body$;
SELECT format('occurred_at >= %L', now() - interval '1 hour') AS literal,
       'occurred_at >= now() - interval ''1 hour''' AS relative \gset
SELECT :'relative' || ' AND segment >= pganalytics.first_segment(''TABLE'', now() - interval ''1 hour'')' AS from_first \gset
CALL alternate('the last hour of 100 segments, literal', 20, counts('pruned_100', :'literal'), counts('pruned_1', :'literal'));
CALL alternate('the last hour of 100 segments, by BRIN', 20, counts('pruned_100', :'relative'), counts('pruned_1', :'relative'));
CALL alternate('the same, from first_segment() on', 20, counts('pruned_100', :'from_first'), counts('pruned_1', :'relative'));
