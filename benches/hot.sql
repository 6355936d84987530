-- about: one event per transaction on 100 aggregates, 8 clients, beside heads updated by hand, 7 runs of 8 s each in turn (2 minutes)
-- clients: INSERT of 1, 8 clients, 100 aggregates
CALL make_pair('hot');
CREATE TABLE hot_heads (aggregate_id text COLLATE "C" PRIMARY KEY, version bigint NOT NULL) WITH (fillfactor = 50);
INSERT INTO hot_heads SELECT 'customer ' || n, 0 FROM generate_series(1, 100) n;
