\set c random(1, 10000)
INSERT INTO events (event_type, aggregate_id, payload) VALUES ('order', 'single ' || :c, '{"amount": 12.5, "country": "de"}');
