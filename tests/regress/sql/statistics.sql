-- What autovacuum has not looked at yet is not read whole by every batch of a backlog.
SELECT pganalytics.create_event_table('clicks', versions => 'optional') \g /dev/null
SELECT s.relation AS segment FROM pganalytics.segments s
WHERE s.event_table = 'clicks'::regclass AND s.state = 'active' \gset
ALTER TABLE :segment SET (autovacuum_enabled = off);

-- A backlog is folded in batches, which a BRIN index finds once it covers the new pages and
-- the planner has heard of them.
SELECT pganalytics.create_projection('clicks_per_user', $$
    SELECT aggregate_id, count(*) AS clicks FROM clicks GROUP BY aggregate_id $$) \g /dev/null
INSERT INTO clicks (event_type, aggregate_id, payload)
SELECT 'click', 'user ' || n % 100, jsonb_build_object('n', n) FROM generate_series(1, 60000) n;
CALL pganalytics.run_maintenance();
SELECT reltuples BETWEEN 50000 AND 70000 AS is_known_to_the_planner FROM pg_class WHERE oid = :'segment'::regclass;

SET client_min_messages = warning;
DROP TABLE clicks CASCADE;
