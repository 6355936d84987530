-- The log that the generator works on: its columns, its lookup table, its random events.
-- Values that are equal though they look different (1.0 and 1.00, a month and 30 days,
-- "ann" and "ANN") are there on purpose, and NULLs, and many events of the same time.
CREATE SCHEMA model;
CREATE TYPE public.mood AS ENUM ('calm', 'busy', 'angry');
CREATE COLLATION public.folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE public.goods (code text, category text, weight numeric);
INSERT INTO public.goods VALUES ('c0', 'food', 1.0), ('c1', 'food', 1.00), ('c2', 'drink', NULL), ('c2', 'drink', 2.5),
    ('c3', NULL, 3), (NULL, 'none', 0);

-- A random choice; the seed is that of the session.
CREATE FUNCTION model.pick(VARIADIC choices text[]) RETURNS text VOLATILE LANGUAGE sql AS
  $$ SELECT choices[1 + floor(random() * array_length(choices, 1))] $$;
CREATE FUNCTION model.chance(p float8) RETURNS boolean VOLATILE LANGUAGE sql AS $$ SELECT random() < p $$;
CREATE FUNCTION model.upto(n int) RETURNS int VOLATILE LANGUAGE sql AS $$ SELECT floor(random() * n)::int $$;

-- What fails on "oops", until it is mended.
CREATE FUNCTION model.risky(text) RETURNS int IMMUTABLE LANGUAGE sql AS $$ SELECT $1::int $$;

-- The event table of a round, with random options.
CREATE FUNCTION model.make_log(kind text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pganalytics.create_event_table('public.events', versions => kind,
    dedup_window => model.pick('7 days', '7 days', '0', NULL)::interval, segment_size => model.pick('64 kB', '256 kB', '10 GB'));
  ALTER TABLE public.events ADD code text, ADD name text COLLATE public.folded, ADD mood public.mood, ADD amount numeric,
    ADD qty int, ADD f float8, ADD tags text[], ADD flag boolean, ADD took interval, ADD seen_at timestamp;
END $$;

-- Number 0 to n - 1, the same for the same arguments in any session.
CREATE FUNCTION model.draw(seed int, i int, what int, n int) RETURNS int IMMUTABLE LANGUAGE sql AS
  $$ SELECT ((hashint8extended(i::bigint * 64 + what, seed) & 1073741823) % n)::int $$;

-- Random events, the same for the same arguments; their times are in these hours of some
-- days, of which one is a day short of an hour in Berlin; so many of a hundred are bad.
CREATE FUNCTION model.batch(seed int, n int, who text, first_hour int, hours int, bad int)
RETURNS TABLE (event_id uuid, event_type text, aggregate_id text, occurred_at timestamptz, payload jsonb, code text, name text,
  mood public.mood, amount numeric, qty int, f float8, tags text[], flag boolean, took interval, seen_at timestamp)
IMMUTABLE LANGUAGE sql AS $$
  SELECT md5(format('%s %s', seed, i))::uuid, chr(97 + model.draw(seed, i, 1, 4)), who || model.draw(seed, i, 2, 4), t.at,
    jsonb_build_object('r', CASE WHEN model.draw(seed, i, 3, 100) < bad THEN 'oops' ELSE model.draw(seed, i, 4, 5)::text END,
      'items', (SELECT coalesce(jsonb_agg(jsonb_build_object('sku', 's' || model.draw(seed, i, 20 + k, 4), 'n', model.draw(seed, i, 30 + k, 9))), '[]')
                FROM generate_series(1, model.draw(seed, i, 5, 4)) k)),
    (ARRAY['c0', 'c1', 'c2', 'c2', 'c3', 'x', NULL])[1 + model.draw(seed, i, 6, 7)],
    (ARRAY['ann', 'ANN', 'Ann', 'bob', 'Bob', '', NULL])[1 + model.draw(seed, i, 7, 7)],
    (enum_range(NULL::public.mood) || NULL)[1 + model.draw(seed, i, 8, 4)],
    CASE WHEN model.draw(seed, i, 9, 200) = 0 THEN 'NaN'
         ELSE (ARRAY[1.0, 1.00, 1, 2.50, 2.5, -7, 0, 0.000, 1e10, NULL])[1 + model.draw(seed, i, 10, 10)] END,
    nullif(model.draw(seed, i, 11, 9), 8), (model.draw(seed, i, 12, 400) - 199) * 0.25 + CASE WHEN model.draw(seed, i, 13, 8) = 0 THEN NULL ELSE 0 END,
    (ARRAY['{}', '{a}', '{a,b}', '{b,b}', '{NULL,c}', NULL]::text[])[1 + model.draw(seed, i, 14, 6)::int]::text[],
    (ARRAY[true, false, NULL])[1 + model.draw(seed, i, 15, 3)],
    (ARRAY['1 month', '30 days', '720 hours', '90 minutes', '-1 day', NULL]::interval[])[1 + model.draw(seed, i, 16, 6)],
    CASE WHEN model.draw(seed, i, 17, 6) > 0 THEN t.at AT TIME ZONE 'UTC' END
  FROM generate_series(1, n) i,
    LATERAL (SELECT timestamptz '2024-03-30 00:00Z' + make_interval(mins => first_hour * 60 + 10 * model.draw(seed, i, 18, hours * 6)) AS at) t
$$;

-- A statement that appends such events: by INSERT or, as it must be where versions are
-- required, by append_events.
CREATE FUNCTION model.append(seed int, n int, who text, first_hour int, hours int, bad int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  columns text = 'event_id, event_type, aggregate_id, occurred_at, payload, code, name, mood, amount, qty, f, tags, flag, took, seen_at';
  events text = format('model.batch(%s, %s, %L, %s, %s, %s)', seed, n, who, first_hour, hours, bad);
BEGIN
  IF model.chance(0.2) OR (SELECT versions = 'required' FROM pganalytics.event_tables WHERE event_table = 'public.events'::regclass) THEN
    RETURN format('SELECT count(*) FROM pganalytics.append_events(''public.events'', (SELECT jsonb_agg(to_jsonb(b)) FROM %s b));', events);
  END IF;
  RETURN format('INSERT INTO public.events (%s) SELECT %1$s FROM %s b;', columns, events);
END $$;
