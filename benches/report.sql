-- Medians and ratios: above 1 the extension is faster than plain SQL.
\pset footer off
\echo
SELECT what,
       round(ours::numeric, 1) AS "ours, ms",
       round(plain::numeric, 1) AS "plain SQL, ms",
       round(rows / ours * 1000) AS "ours, rows/s",
       round(rows / plain * 1000) AS "plain, rows/s",
       round((plain / ours)::numeric, 2) AS ratio
FROM (SELECT what, max(rows) AS rows,
             percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) FILTER (WHERE side = 'ours') AS ours,
             percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) FILTER (WHERE side = 'plain') AS plain
      FROM measured GROUP BY what) m
ORDER BY what;
SELECT pg_size_pretty(sum(pg_total_relation_size(relid)) FILTER (WHERE ours)) AS "events with ledger and heads",
       (SELECT pg_size_pretty(sum(pg_total_relation_size(relid))) FROM pg_partition_tree('twin')) AS twin,
       round(sum(pg_total_relation_size(relid)) FILTER (WHERE ours) / (SELECT count(*) FROM events)) AS "bytes per event",
       round((SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree('twin')) / (SELECT count(*) FROM twin)) AS "of the twin"
FROM (SELECT relid, true AS ours FROM pg_partition_tree('events')
      UNION ALL
      SELECT unnest(ARRAY[t.heads, s.ledger]), true FROM pganalytics_data.event_table t
      JOIN pganalytics_data.segment s ON s.event_table = t.id AND s.number = 1
      WHERE t.relation = 'events'::regclass) r;
