\set c random(1, 100)
WITH head AS (UPDATE hot_heads SET version = version + 1 WHERE aggregate_id = 'customer ' || :c RETURNING version) INSERT INTO hot_twin (event_type, aggregate_id, version, payload) SELECT 'order', 'customer ' || :c, version, '{"amount": 12.5, "country": "de"}' FROM head ON CONFLICT DO NOTHING;
