-- about: how long the disk takes to make a commit safe (a second)
CREATE TABLE public.flush (n integer, us double precision);
DO $$
DECLARE
    started timestamptz;
BEGIN
    FOR i IN 1..500 LOOP
        started := clock_timestamp();
        INSERT INTO flush VALUES (i, 0);
        COMMIT;
        UPDATE flush SET us = extract(epoch FROM clock_timestamp() - started) * 1000000 WHERE n = i;
    END LOOP;
END $$;
