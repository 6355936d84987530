\set c random(1, 100)
INSERT INTO hot (event_type, aggregate_id, payload) VALUES ('order', 'customer ' || :c, '{"amount": 12.5, "country": "de"}');
