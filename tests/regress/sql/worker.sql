-- The background worker's settings, and what it must not be talked into.

-- In this server it is off.
SELECT name, setting, unit, boot_val, context
FROM pg_settings WHERE name LIKE 'pganalytics.%' ORDER BY name;
SELECT count(*) AS workers FROM pganalytics.workers WHERE database = current_database();

-- It belongs to the server, not to a session, and names are checked.
SET pganalytics.worker = on;
SET pganalytics.wrker = on;

-- What a function sets while it runs for a projection is gone afterwards: the
-- worker folds other people's projections in the same session.
SELECT pganalytics.create_event_table('orders');
CREATE FUNCTION meddling(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('statement_timeout', '1234', false);
    RETURN $1;
END $$;
SELECT pganalytics.create_projection('meddled',
    'SELECT meddling(event_type) AS type, count(*) AS orders FROM orders GROUP BY 1');
INSERT INTO orders (event_type, aggregate_id) VALUES ('placed', '1'), ('paid', '1');
SELECT * FROM meddled ORDER BY type;
SHOW statement_timeout;
SELECT pganalytics.refresh_projection('meddled');
SHOW statement_timeout;

SELECT pganalytics.drop_projection('meddled');
DROP FUNCTION meddling;
DROP TABLE orders CASCADE;
