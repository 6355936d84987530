-- Subtransactions that fail in the middle of an INSERT, and very many new
-- aggregates in one: an aggregate that the same statement began goes on.
SELECT pganalytics.create_event_table('events');
CREATE FUNCTION number_or_null(t text) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  RETURN t::int;
EXCEPTION WHEN invalid_text_representation THEN
  RETURN NULL;
END $$;

INSERT INTO events (event_type, aggregate_id, payload)
SELECT 'read', 'meter', jsonb_build_object('value', number_or_null(v)) FROM unnest(ARRAY['1', 'two', '3', 'four']) v
RETURNING version, payload;

-- The same in a loop, each row in a block of its own, the even ones undone.
DO $$
BEGIN
  FOR i IN 1..200 LOOP
    BEGIN
      INSERT INTO events (event_type, aggregate_id) VALUES ('tick', 'clock');
      IF i % 2 = 0 THEN
        RAISE division_by_zero;
      END IF;
    EXCEPTION WHEN division_by_zero THEN
    END;
  END LOOP;
END $$;
SELECT count(*), min(version), max(version), count(DISTINCT position) FROM events WHERE aggregate_id = 'clock';
SELECT count(*) AS out_of_order FROM (
  SELECT version, row_number() OVER (ORDER BY position) AS n FROM events WHERE aggregate_id = 'clock') e
WHERE version <> n;

-- More new aggregates than a backend remembers to have locked, then the first again.
INSERT INTO events (event_type, aggregate_id) SELECT 'x', 'k' || i % 100001 FROM generate_series(0, 100002) i;
SELECT aggregate_id, count(*), max(version) FROM events WHERE aggregate_id IN ('k0', 'k1', 'k2') GROUP BY 1 ORDER BY 1;

DROP FUNCTION number_or_null;
DROP TABLE events;
