\set c random(1, 10000)
INSERT INTO single (event_type, aggregate_id, payload) VALUES ('order', 'customer ' || :c, '{"amount": 12.5, "country": "de"}');
