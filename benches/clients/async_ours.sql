INSERT INTO async_ours (event_type, aggregate_id, payload)
SELECT 'click', 'user ' || n, jsonb_build_object('k', (random() * 1e9)::int, 'v', random()) FROM generate_series(1, 100) n;
