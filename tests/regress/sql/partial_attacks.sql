-- Functions that read states can be called by everybody: what they are given may be
-- anything, and must not take the server down or let anybody do what they may not.
CREATE ROLE regress_owner;
CREATE ROLE regress_reader;
CREATE SCHEMA shop AUTHORIZATION regress_owner;
GRANT USAGE ON SCHEMA shop TO PUBLIC;
SET search_path = shop;
SET ROLE regress_owner;
SELECT pganalytics.create_event_table('orders');
ALTER TABLE orders ADD amount numeric, ADD weight float8;
INSERT INTO orders (event_type, aggregate_id, amount, weight) SELECT 'a', 'x', i, i FROM generate_series(1, 100) i;
SELECT pganalytics.create_projection('amounts', 'SELECT stddev(amount) AS s, avg(position) AS a, var_pop(version) AS v, stddev(weight) AS w FROM orders');
GRANT SELECT ON amounts TO regress_reader;
SET ROLE regress_reader;
SELECT round(s, 4) AS s, round(v, 4) AS v, round(w::numeric, 4) AS w FROM amounts;
SELECT * FROM pganalytics_data.state_key;
\echo :SQLSTATE
RESET ROLE;
SELECT g.state, p.id FROM pganalytics_data.projection p JOIN pganalytics_data.generation g ON g.id = p.generation
WHERE p.relation = 'amounts'::regclass \gset
SELECT c1 AS state, c4 AS of_bigint FROM :state \gset
SELECT 'pganalytics_data.partial_' || :id || '_1' AS partial \gset
SET ROLE regress_reader;
\set VERBOSITY sqlstate

-- A state of another aggregate, a damaged one, a made up one.
CREATE TEMP VIEW attempts AS
SELECT what, state FROM (VALUES
    ('sound', :'state'::bytea),
    ('of another aggregate', :'of_bigint'::bytea),
    ('empty', ''), ('short', '\x01'), ('no seal', '\x0100000000000000000000000000000000000000'),
    ('unsealed', numeric_send(1)),
    ('cut', substr(:'state'::bytea, 1, 40)),
    ('longer', :'state'::bytea || '\x00'),
    ('changed', set_byte(:'state'::bytea, 30, get_byte(:'state'::bytea, 30) # 1)),
    ('types', set_byte(:'state'::bytea, 17, 255)),
    ('another version', set_byte(:'state'::bytea, 0, 2)),
    ('large', decode(repeat('ff', 100000), 'hex'))) AS v(what, state);
CREATE FUNCTION pg_temp.attempt(query text, state bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE query INTO result USING state;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
SELECT what,
       pg_temp.attempt('SELECT pganalytics.merge_state($1, $1, ''stddev(numeric)'')', state) AS merged,
       pg_temp.attempt('SELECT pganalytics.finish_state($1, ''stddev(numeric)'', NULL::numeric)', state) = 'accepted' AS finished,
       pg_temp.attempt('SELECT pganalytics.merge_states(s, ''variance(numeric)'') FROM (VALUES ($1), ($1)) v(s)', state) = 'accepted' AS many
FROM attempts;
-- As states of every aggregate with an internal state: the one over bigint is taken by
-- the six that differ in their final functions only.
SELECT count(*) AS aggregates, count(*) FILTER (WHERE accepted) AS accepted
FROM (SELECT DISTINCT a.aggfnoid, pg_temp.attempt(format('SELECT pganalytics.merge_state($1, $1, %L)', a.aggfnoid::regprocedure), state) = 'accepted' AS accepted
      FROM pg_aggregate a, attempts WHERE aggtranstype = 'internal'::regtype AND what <> 'sound' AND a.aggcombinefn <> 0
          AND a.aggfnoid::oid < 16384) s;
-- NULL is a state of every aggregate.
SELECT DISTINCT pg_temp.attempt(format('SELECT pganalytics.finish_state(NULL::bytea, %L, NULL::%s)', a.aggfnoid::regprocedure, p.prorettype::regtype), NULL)
FROM pg_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid
WHERE aggtranstype = 'internal'::regtype AND aggcombinefn <> 0 AND a.aggfnoid::oid < 16384 AND p.prorettype <> 'anyelement'::regtype;

-- Wrong types.
SELECT what, pg_temp.attempt('SELECT pganalytics.' || query, NULL) AS outcome FROM (VALUES
    ('state of another type', 'merge_state(1, 2, ''stddev(numeric)'')'),
    ('text for bytes', 'merge_state(''a''::text, ''b'', ''stddev(numeric)'')'),
    ('plain state of another type', 'merge_state(1.5, 2.5, ''sum(float8)'')'),
    ('bytes for a plain state', 'merge_state(''\x00''::bytea, ''\x00'', ''stddev(float8)'')'),
    ('no array', 'merge_state(1, 2, ''max(anyarray)'')'),
    ('result of another type', 'finish_state(''{1,2,3}''::float8[], ''stddev(float8)'', NULL::integer)'),
    ('result of another type, internal', 'finish_state(NULL::bytea, ''stddev(numeric)'', NULL::float8)'),
    ('result of another type, polymorphic', 'finish_state(ARRAY[1], ''max(anyarray)'', NULL::text[])'),
    ('array of another length', 'finish_state(''{1,2}''::float8[], ''stddev(float8)'', NULL::float8)'),
    ('array with NULL', 'merge_state(''{NULL,2}''::bigint[], ''{1,2}'', ''avg(integer)'')'),
    ('two dimensions', 'merge_state(''{{1,2}}''::bigint[], ''{{1,2},{1,2}}'', ''avg(integer)'')'),
    ('no aggregate', 'merge_state(1, 2, ''int4pl(integer,integer)'')'),
    ('no function', 'merge_state(1, 2, 0::regprocedure)'),
    ('no combine function', 'merge_state(''\x''::bytea, ''\x'', ''json_agg(anyelement)'')'),
    ('an ordered set', 'merge_state(''\x''::bytea, ''\x'', ''percentile_cont(float8,float8)'')'),
    ('which aggregate?', 'merge_state(1, 2, NULL)'),
    ('two aggregates', 'merge_states(1, a) FROM (VALUES (''max(integer)''::regprocedure), (''min(integer)'')) v(a)'),
    ('outside of an aggregate', 'serialize_state(NULL)'),
    ('transition outside', 'merge_states_transition(NULL, 1, ''max(integer)'')'),
    ('final outside', 'merge_states_final(NULL, 1, ''max(integer)'')')) AS v(what, query);
-- What the aggregate was called with is sealed, too.
RESET ROLE;
CREATE FUNCTION mean_transition(internal, anyelement) RETURNS internal LANGUAGE internal PARALLEL SAFE AS 'int8_avg_accum';
CREATE AGGREGATE mean(anyelement) (SFUNC = mean_transition, STYPE = internal, COMBINEFUNC = int8_avg_combine,
    SERIALFUNC = int8_avg_serialize, DESERIALFUNC = int8_avg_deserialize, FINALFUNC = numeric_poly_avg);
SET ROLE regress_owner;
SELECT pganalytics.create_projection('means', 'SELECT mean(version) AS versions, mean(version::int) AS integers FROM orders');
SELECT versions = integers AS same FROM means;
RESET ROLE;
SELECT g.state AS means FROM pganalytics_data.projection p JOIN pganalytics_data.generation g ON g.id = p.generation
WHERE p.relation = 'means'::regclass \gset
SELECT c1 AS of_bigint, c2 AS of_integer FROM :means \gset
SET ROLE regress_reader;
SELECT pganalytics.finish_state(pganalytics.merge_state(:'of_bigint'::bytea, :'of_bigint', 'mean(anyelement)'), 'mean(anyelement)', NULL::numeric) > 0 AS merged;
SELECT pganalytics.merge_state(:'of_bigint'::bytea, :'of_integer', 'mean(anyelement)');

-- Rights: the key is nobody's, the derived aggregate is the owner's, an aggregate is
-- who may execute it; and what merges plain states must be the caller's to execute.
SET ROLE regress_owner;
CREATE FUNCTION secret_add(a bigint, b bigint) RETURNS bigint IMMUTABLE STRICT LANGUAGE plpgsql AS 'BEGIN RETURN a + b; END';
CREATE AGGREGATE secret_sum(bigint) (SFUNC = secret_add, STYPE = bigint, COMBINEFUNC = secret_add);
REVOKE EXECUTE ON FUNCTION secret_add FROM PUBLIC;
SELECT pganalytics.merge_state(1::bigint, 2::bigint, 'secret_sum(bigint)');
SET ROLE regress_reader;
SELECT :partial(1.5);
SELECT pganalytics.merge_state(1::bigint, 2::bigint, 'secret_sum(bigint)');
SELECT secret_sum(1::bigint);
SET ROLE regress_owner;
GRANT EXECUTE ON FUNCTION secret_add TO PUBLIC;
REVOKE EXECUTE ON FUNCTION secret_sum FROM PUBLIC;
SET ROLE regress_reader;
SELECT pganalytics.merge_state(1::bigint, 2::bigint, 'secret_sum(bigint)');
-- Nor does a projection run what its creator may not.
RESET ROLE;
GRANT CREATE ON SCHEMA shop TO regress_reader;
SET ROLE regress_owner;
GRANT SELECT ON orders TO regress_reader;
SET ROLE regress_reader;
SELECT pganalytics.create_projection('secrets', 'SELECT secret_sum(version) AS s FROM orders');
-- The initial state of a derived aggregate is nobody's code run as somebody else.
CREATE FUNCTION who() RETURNS boolean VOLATILE LANGUAGE plpgsql AS $$
BEGIN
    IF current_user <> 'regress_reader' THEN
        RAISE EXCEPTION 'runs as %', current_user USING ERRCODE = 'P0666';
    END IF;
    RETURN true;
END $$;
CREATE DOMAIN counted AS bigint CHECK (shop.who());
CREATE FUNCTION count_on(s counted, x bigint) RETURNS counted IMMUTABLE LANGUAGE sql AS 'SELECT (s + 1)::shop.counted';
CREATE FUNCTION count_both(a counted, b counted) RETURNS counted IMMUTABLE STRICT LANGUAGE sql AS 'SELECT (a + b)::shop.counted';
CREATE FUNCTION counted_text(counted) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT $1::text';
CREATE AGGREGATE tally(bigint) (SFUNC = count_on, STYPE = counted, INITCOND = '0', COMBINEFUNC = count_both, FINALFUNC = counted_text);
SELECT pganalytics.create_projection('tallied', 'SELECT event_type, tally(version) AS t FROM orders GROUP BY 1');
SELECT * FROM tallied;
RESET ROLE;
SELECT pganalytics.rebuild_projection('tallied');
SET ROLE regress_reader;
SELECT * FROM tallied;
-- A name that is taken keeps nobody from creating projections.
RESET ROLE;
SELECT last_value + 1 AS next FROM pganalytics_data.projection_id \gset
SELECT 'pganalytics_data.partial_' || :next || '_1' AS taken \gset
CREATE FUNCTION :taken() RETURNS integer LANGUAGE sql AS 'SELECT 1';
SET ROLE regress_owner;
SELECT pganalytics.create_projection('passed_over', 'SELECT stddev(amount) AS s FROM orders');
RESET ROLE;
DROP FUNCTION :taken;
-- A derived aggregate does not go by itself, and without it nothing is read.
SET ROLE regress_owner;
DROP AGGREGATE :partial(numeric);
RESET ROLE;
DROP AGGREGATE :partial(numeric);
SELECT * FROM amounts;

\set VERBOSITY default
SET client_min_messages = warning;
DROP SCHEMA shop CASCADE;
RESET search_path;
SELECT count(*) FROM pg_proc WHERE proname ~ '^partial_[0-9]';
DROP OWNED BY regress_owner, regress_reader;
DROP ROLE regress_owner, regress_reader;
