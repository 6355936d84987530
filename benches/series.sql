-- about: z_score and anomaly_score over frames of 30 and 365 rows, beside what is written without them; 7 runs, in turn (1 minute)
INSERT INTO bar (what, beside, sense, bar) VALUES
    ('z_score over 30 rows', 'avg and stddev', '>=', 3),
    ('z_score over 365 rows', 'avg and stddev', '>=', 20),
    ('anomaly_score over 30 rows', 'percentile_cont', '>=', 10),
    ('anomaly_score over 365 rows', 'percentile_cont', '>=', 100),
    ('delta of 100 groups', 'array_agg', '>=', 2);
CREATE TABLE series AS
SELECT i, random() * 100 AS x, timestamptz '2024-05-01' + i * interval '1 minute' AS ts FROM generate_series(1, 100000) AS i;
ALTER TABLE series ADD PRIMARY KEY (i);
VACUUM ANALYZE series;
-- Sums, so that nothing is sent.
CREATE FUNCTION scored(score text, frame integer, rows integer) RETURNS text LANGUAGE sql AS $$
    SELECT format('SELECT sum(s) FROM (SELECT pganalytics.%s(x) OVER (ORDER BY i ROWS %s PRECEDING) AS s FROM series WHERE i <= %s) AS t', score, frame, rows)
$$;
CREATE FUNCTION z_by_hand(frame integer, rows integer) RETURNS text LANGUAGE sql AS $$
    SELECT format('SELECT sum(s) FROM (SELECT (x - avg(x) OVER w) / nullif(stddev_samp(x) OVER w, 0) AS s FROM series WHERE i <= %2$s
                   WINDOW w AS (ORDER BY i ROWS BETWEEN %1$s PRECEDING AND 1 PRECEDING)) AS t', frame, rows)
$$;
-- An ordered-set aggregate is no window function.
CREATE FUNCTION anomaly_by_hand(frame integer, rows integer) RETURNS text LANGUAGE sql AS $$
    SELECT format('SELECT sum(0.6745 * (x - median) / nullif(mad, 0)) FROM series s
                   CROSS JOIN LATERAL (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY o.x) AS median FROM series o WHERE o.i BETWEEN s.i - %1$s AND s.i - 1) AS m
                   CROSS JOIN LATERAL (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(o.x - median)) AS mad FROM series o WHERE o.i BETWEEN s.i - %1$s AND s.i - 1) AS d
                   WHERE s.i <= %2$s', frame, rows)
$$;
CALL alternate('z_score over 30 rows', 100000, scored('z_score', 30, 100000), z_by_hand(30, 100000), runs => 7);
CALL alternate('z_score over 365 rows', 20000, scored('z_score', 365, 20000), z_by_hand(365, 20000), runs => 7);
CALL alternate('anomaly_score over 30 rows', 20000, scored('anomaly_score', 30, 20000), anomaly_by_hand(30, 20000), runs => 7);
CALL alternate('anomaly_score over 365 rows', 5000, scored('anomaly_score', 365, 5000), anomaly_by_hand(365, 5000), runs => 7);
CALL alternate('delta of 100 groups', 100000, 'SELECT sum(d) FROM (SELECT pganalytics.delta(x, ts) AS d FROM series GROUP BY i % 100) AS t',
               'SELECT sum(d) FROM (SELECT (array_agg(x ORDER BY ts DESC))[1] - (array_agg(x ORDER BY ts))[1] AS d FROM series GROUP BY i % 100) AS t', runs => 7);
