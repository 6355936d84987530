\set c random(1, 10000)
\set n :n + 1
INSERT INTO single_twin (event_type, aggregate_id, version, payload) VALUES ('order', 'customer ' || :c, :n, '{"amount": 12.5, "country": "de"}') ON CONFLICT DO NOTHING;
