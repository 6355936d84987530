-- about: 1,000,000 values, all different, beside count(DISTINCT), postgresql-hll and percentile_cont; 7 runs, in turn (a minute)
CREATE EXTENSION hll;
-- Rows per second: 0.3 x the time is 3.33 x the rate.
INSERT INTO bar (what, beside, sense, bar) VALUES
    ('approx_count_distinct of bigint', 'count(DISTINCT)', '>=', 3.33),
    ('approx_count_distinct of text', 'count(DISTINCT)', '>=', 3.33),
    ('hll of bigint', 'hll_add_agg', '>=', 1.0),
    ('hll of text', 'hll_add_agg', '>=', 1.0),
    ('hll of bigint, 100,000 groups', 'hll_add_agg', '>=', 1.0),
    ('rollup of 1,000 sketches', 'hll_union_agg', NULL, NULL),
    ('approx_count_distinct, 2 workers', 'none', '>=', 1.6),
    ('approx_percentile', 'percentile_cont', '>=', 2.0),
    ('top_k', 'GROUP BY … LIMIT 10', NULL, NULL);
-- A column each: of wider rows both sides would only read more.
CREATE TABLE sketched AS SELECT i::bigint AS number FROM generate_series(1, 1000000) AS i ORDER BY random();
CREATE TABLE visitors AS SELECT 'visitor-' || md5(number::text) AS visitor FROM sketched;
CREATE TABLE many AS SELECT i::bigint AS number FROM generate_series(1, 5000000) AS i;
CREATE TABLE many_of_two AS TABLE many;
CREATE TABLE latencies AS SELECT exp(8 * random()) AS ms FROM sketched;
CREATE TABLE pages AS SELECT exp(10 * random())::int::text AS page FROM sketched;
ALTER TABLE sketched SET (parallel_workers = 0);
ALTER TABLE visitors SET (parallel_workers = 0);
ALTER TABLE many SET (parallel_workers = 0);
ALTER TABLE many_of_two SET (parallel_workers = 2);
ALTER TABLE latencies SET (parallel_workers = 0);
ALTER TABLE pages SET (parallel_workers = 0);
CREATE TABLE kept AS
SELECT number % 1000 AS day, pganalytics.hll(number) AS ours, hll_add_agg(hll_hash_bigint(number)) AS theirs
FROM sketched GROUP BY 1;
VACUUM (FREEZE, ANALYZE) sketched, visitors, many, many_of_two, latencies, pages, kept;
CALL alternate('approx_count_distinct of bigint', 1000000, 'SELECT pganalytics.approx_count_distinct(number) FROM sketched',
               'SELECT count(DISTINCT number) FROM sketched', runs => 7);
CALL alternate('approx_count_distinct of text', 1000000, 'SELECT pganalytics.approx_count_distinct(visitor) FROM visitors',
               'SELECT count(DISTINCT visitor) FROM visitors', runs => 3);
CALL alternate('hll of bigint', 1000000, 'SELECT pganalytics.hll(number) FROM sketched',
               'SELECT hll_add_agg(hll_hash_bigint(number)) FROM sketched', runs => 7);
CALL alternate('hll of text', 1000000, 'SELECT pganalytics.hll(visitor) FROM visitors',
               'SELECT hll_add_agg(hll_hash_text(visitor)) FROM visitors', runs => 7);
CALL alternate('hll of bigint, 100,000 groups', 1000000, 'SELECT number % 100000, pganalytics.hll(number) FROM sketched GROUP BY 1',
               'SELECT number % 100000, hll_add_agg(hll_hash_bigint(number)) FROM sketched GROUP BY 1', runs => 3);
CALL alternate('rollup of 1,000 sketches', 1000, 'SELECT pganalytics.rollup(ours) FROM kept', 'SELECT hll_union_agg(theirs) FROM kept', runs => 7);
CALL alternate('approx_count_distinct, 2 workers', 5000000, 'SELECT pganalytics.approx_count_distinct(number) FROM many_of_two',
               'SELECT pganalytics.approx_count_distinct(number) FROM many', runs => 7);
CALL alternate('approx_percentile', 1000000, 'SELECT pganalytics.approx_percentile(0.95, pganalytics.percentile_sketch(ms)) FROM latencies',
               'SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY ms) FROM latencies', runs => 7);
CALL alternate('top_k', 1000000, 'SELECT pganalytics.top_k(page) FROM pages',
               'SELECT page, count(*) FROM pages GROUP BY 1 ORDER BY 2 DESC LIMIT 10', runs => 7);
