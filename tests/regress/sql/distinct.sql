SELECT pganalytics.create_event_table('events');
INSERT INTO events (event_type, aggregate_id, payload) SELECT 't' || i%3, 'a'||i%5, jsonb_build_object('x', i%4) FROM generate_series(1,50) i;
SELECT pganalytics.create_projection('p', $$SELECT event_type, count(DISTINCT aggregate_id) c, avg(DISTINCT version) a, count(DISTINCT version) v, count(*), array_agg(DISTINCT aggregate_id) ids, string_agg(DISTINCT aggregate_id, '{0}\'',') s, count(DISTINCT (aggregate_id, version)) n FROM events GROUP BY 1$$);
SELECT * FROM p;
\dt pganalytics_data.*
INSERT INTO events (event_type, aggregate_id, payload) SELECT 't' || i%4, 'b'||i%3, jsonb_build_object('x', i%4) FROM generate_series(1,50) i;
SELECT * FROM p;
SELECT pganalytics.refresh_projection('p');
SELECT * FROM p;
\d+ p
