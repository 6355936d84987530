-- Medians of both sides. The ratio is the median of those of neighbouring runs, which
-- share whatever else the machine did; the bar is on it.
\pset footer off
\echo
SELECT round(percentile_cont(0.5) WITHIN GROUP (ORDER BY us)::numeric) AS "a commit of one row, µs",
       current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS synchronous_commit,
       current_setting('wal_sync_method') AS wal_sync_method
FROM flush;
WITH figure AS (
    SELECT what, side, run, (CASE WHEN ms IS NULL THEN rows ELSE rows / ms * 1000 END)::float8 AS figure, ms / rows AS each
    FROM measured
), median AS (
    SELECT what, count(*) AS runs,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY o.figure) AS ours,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY p.figure) AS plain,
           round(percentile_cont(0.5) WITHIN GROUP (ORDER BY o.figure / p.figure)::numeric, 2) AS ratio,
           round(percentile_cont(0.5) WITHIN GROUP (ORDER BY o.each - p.each)::numeric, 3) AS more
    FROM figure o JOIN figure p USING (what, run)
    WHERE o.side = 'ours' AND p.side = 'plain'
    GROUP BY what
)
SELECT what, runs, round(ours) AS ours, round(plain) AS beside, bar.beside AS "(what that is)", ratio,
       CASE WHEN sense = 'ms' THEN more END AS "ms more",
       CASE WHEN sense = 'ms' THEN '<= ' || bar || ' ms more' ELSE sense || ' ' || bar END AS bar,
       CASE WHEN bar IS NULL THEN '' WHEN ratio IS NULL THEN 'not run'
            WHEN sense = 'ms' AND more <= bar THEN 'met'
            WHEN ratio >= bar AND sense = '>=' OR ratio <= bar AND sense = '<=' THEN 'met' ELSE 'MISSED' END AS met
FROM bar LEFT JOIN median USING (what)
WHERE ratio IS NOT NULL OR bar IS NOT NULL
ORDER BY place;
