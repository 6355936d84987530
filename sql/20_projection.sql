-- Projections: creating, folding, reading and dropping them.

CREATE FUNCTION pganalytics.create_projection(name text, query text, mode text DEFAULT 'async', with_data boolean DEFAULT true) RETURNS regclass
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'create_projection_wrapper';
COMMENT ON FUNCTION pganalytics.create_projection(text, text, text, boolean) IS
    'creates a read model of an event table, kept up to date incrementally; query: one SELECT over an event table, with groups or a row for each event; mode: async (folded in the background) or inline (folded by every transaction that appends, before it commits); with_data => false: of the events from now on';

CREATE FUNCTION pganalytics.refresh_projection(name text) RETURNS bigint
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'refresh_projection_wrapper';
COMMENT ON FUNCTION pganalytics.refresh_projection(text) IS
    'folds the tail of a projection now and returns the number of events folded; reads are exact without it';

CREATE FUNCTION pganalytics.pause_projection(name text) RETURNS boolean
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pause_projection_wrapper';
COMMENT ON FUNCTION pganalytics.pause_projection(text) IS
    'keeps the worker from folding a projection until it is resumed; reads stay exact, and take longer the longer its tail; false: it was paused before';

CREATE FUNCTION pganalytics.resume_projection(name text) RETURNS boolean
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'resume_projection_wrapper';
COMMENT ON FUNCTION pganalytics.resume_projection(text) IS
    'lets the worker fold a paused projection again; false: it was not paused';

CREATE FUNCTION pganalytics.rebuild_projection(name text) RETURNS void
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rebuild_projection_wrapper';
COMMENT ON FUNCTION pganalytics.rebuild_projection(text) IS
    'builds a projection anew from the log, as after a change in a lookup table; it is read as it was until that is done';

CREATE FUNCTION pganalytics.replace_projection(name text, query text) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'replace_projection_wrapper';
COMMENT ON FUNCTION pganalytics.replace_projection(text, text) IS
    'gives a projection another query; it is read as it was until the new one is built; the columns stay, more may follow them; grants and dependent views stay';

CREATE FUNCTION pganalytics.verify_projection(name text, repair boolean DEFAULT false)
RETURNS TABLE ("group" jsonb, expected jsonb, found jsonb)
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'verify_projection';
COMMENT ON FUNCTION pganalytics.verify_projection(text, boolean) IS
    'recomputes a projection from the log and returns the groups that differ: what the log gives, and what the projection holds; repair => true builds it anew if there are any';

CREATE FUNCTION pganalytics.wait_for_projection(name text, timeout interval DEFAULT '1 hour') RETURNS boolean
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wait_for_projection_wrapper';
COMMENT ON FUNCTION pganalytics.wait_for_projection(text, interval) IS
    'waits until a projection is built or replaced and its backlog is folded; false: not within the timeout';

CREATE FUNCTION pganalytics.drop_projection(name text) RETURNS void
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'drop_projection_wrapper';
COMMENT ON FUNCTION pganalytics.drop_projection(text) IS 'drops a projection and its state';

CREATE FUNCTION pganalytics.drop_projection_trigger(name text, trigger text) RETURNS void
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'drop_projection_trigger_wrapper';
COMMENT ON FUNCTION pganalytics.drop_projection_trigger(text, text) IS
    'drops a trigger that the owner of an inline projection has put on its state';

CREATE FUNCTION pganalytics.tail_length(projection regclass) RETURNS bigint
LANGUAGE c STABLE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'tail_length_wrapper';
COMMENT ON FUNCTION pganalytics.tail_length(regclass) IS 'the number of events that a projection has not yet folded, counted up to 10,000 and estimated by their positions beyond; NULL if there is no such projection';

CREATE FUNCTION pganalytics.read_tail(state anyelement, definition "any", access_key uuid)
RETURNS SETOF anyelement
LANGUAGE c STABLE PARALLEL UNSAFE ROWS 100 AS 'MODULE_PATHNAME', 'read_tail';
COMMENT ON FUNCTION pganalytics.read_tail(anyelement, "any", uuid) IS
    'internal: what the tail adds to a projection, for the view of the projection';

-- A barrier: a condition of a reader's must not see rows before it is known that the reader may.
CREATE VIEW pganalytics.projections WITH (security_barrier) AS
SELECT p.relation::text AS name, g.event_table AS source,
       CASE WHEN p.paused_at IS NOT NULL THEN 'paused'
            WHEN p.failures > 0 THEN 'failing'
            WHEN p.successor IS NOT NULL THEN 'being replaced'
            WHEN NOT k.is_inline AND (p.mode = 'inline' OR k.checkpoint::text = '1:1:') THEN 'being built'
            WHEN k.next IS NOT NULL THEN 'catching up'
            ELSE 'ready' END AS status, p.mode,
       CASE WHEN NOT k.is_inline THEN k.events_folded END AS events_folded, pganalytics.tail_length(p.relation) AS tail,
       CASE WHEN NOT k.is_inline THEN k.folds END AS folds, CASE WHEN NOT k.is_inline THEN k.last_fold END AS last_fold,
       (SELECT pg_catalog.count(*) FROM pganalytics_data.dead_letter l
        WHERE l.generation = g.id AND l.discarded_at IS NULL) AS dead_letters,
       CASE WHEN pg_catalog.pg_has_role(c.relowner, 'USAGE') THEN p.last_error END AS last_error, p.last_error_state, p.last_error_at,
       pg_catalog.pg_get_userbyid(c.relowner) AS owner, g.query,
       CASE WHEN k.is_inline THEN g.state END AS state
FROM pganalytics_data.projection p
JOIN pganalytics_data.generation g ON g.id = p.generation
JOIN pganalytics_data.checkpoint k ON k.generation = g.id
JOIN pg_catalog.pg_class c ON c.oid = p.relation
WHERE pg_catalog.pg_has_role(c.relowner, 'USAGE')
   OR pg_catalog.has_any_column_privilege(c.oid, 'SELECT');
COMMENT ON VIEW pganalytics.projections IS 'projections, how far they have folded and what went wrong last';
COMMENT ON COLUMN pganalytics.projections.name IS 'the view that is read, as SQL names it: with its schema unless that is on the search_path';
COMMENT ON COLUMN pganalytics.projections.source IS 'the event table';
COMMENT ON COLUMN pganalytics.projections.status IS 'ready, being built, catching up (a backlog is being folded), being replaced, paused or failing (see last_error); reads are exact in all of them, or fail with that error';
COMMENT ON COLUMN pganalytics.projections.mode IS 'async or inline';
COMMENT ON COLUMN pganalytics.projections.events_folded IS 'events folded that the query takes, after its WHERE; NULL: inline, and folded with each append';
COMMENT ON COLUMN pganalytics.projections.tail IS 'events of the event table that are not folded yet, whether the query takes them or not: counted up to 10,000; beyond, estimated by positions, some of which are of events that were skipped or rolled back';
COMMENT ON COLUMN pganalytics.projections.folds IS 'how often it was folded; NULL: inline';
COMMENT ON COLUMN pganalytics.projections.last_fold IS 'when it was last folded; NULL: inline, or never';
COMMENT ON COLUMN pganalytics.projections.dead_letters IS 'events that are set aside and neither folded nor discarded since';
COMMENT ON COLUMN pganalytics.projections.last_error IS 'what the last fold failed on, for members of the owner; NULL: nothing';
COMMENT ON COLUMN pganalytics.projections.last_error_state IS 'its SQLSTATE';
COMMENT ON COLUMN pganalytics.projections.last_error_at IS 'when it was last met';
COMMENT ON COLUMN pganalytics.projections.query IS 'as it was given';
COMMENT ON COLUMN pganalytics.projections.state IS 'the table that holds the state of an inline projection, for triggers';
COMMENT ON COLUMN pganalytics.projections.owner IS 'in whose name it is folded';
GRANT SELECT ON pganalytics.projections TO PUBLIC;

CREATE VIEW pganalytics.projection_progress WITH (security_barrier) AS
SELECT p.relation::text AS name,
       CASE WHEN g.id = p.successor THEN 'building its replacement'
            WHEN k.checkpoint::text = g.since::text THEN 'building'
            ELSE 'catching up' END AS phase,
       d.done, d.total, pg_catalog.round(100.0 * d.done / NULLIF(d.total, 0), 1) AS percent,
       pg_catalog.round(d.done / NULLIF(d.seconds, 0)) AS events_per_second,
       pg_catalog.make_interval(secs => pg_catalog.round((d.total - d.done) * d.seconds / NULLIF(d.done, 0))::float8) AS remaining
FROM pganalytics_data.projection p
JOIN pganalytics_data.generation g ON g.projection = p.id
JOIN pganalytics_data.checkpoint k ON k.generation = g.id
JOIN pg_catalog.pg_class c ON c.oid = p.relation
CROSS JOIN LATERAL (SELECT k.reached_position - k.first_position AS done, k.last_position - k.first_position AS total,
                           EXTRACT(epoch FROM pg_catalog.clock_timestamp() - k.began_at) AS seconds) AS d
WHERE k.next IS NOT NULL
  AND (pg_catalog.pg_has_role(c.relowner, 'USAGE') OR pg_catalog.has_any_column_privilege(c.oid, 'SELECT'));
COMMENT ON VIEW pganalytics.projection_progress IS
    'backlogs that are being folded in batches: how many events are done, how many there are and how long it will take';
COMMENT ON COLUMN pganalytics.projection_progress.name IS 'as in pganalytics.projections';
COMMENT ON COLUMN pganalytics.projection_progress.done IS 'positions gone through, of total';
COMMENT ON COLUMN pganalytics.projection_progress.remaining IS 'how long it will take at this rate';
COMMENT ON COLUMN pganalytics.projection_progress.phase IS 'building, catching up, or building its replacement';
COMMENT ON COLUMN pganalytics.projection_progress.total IS 'positions of the backlog, some of which may be of events that were skipped or rolled back';
COMMENT ON COLUMN pganalytics.projection_progress.percent IS 'done of total';
COMMENT ON COLUMN pganalytics.projection_progress.events_per_second IS 'positions per second since it began';
GRANT SELECT ON pganalytics.projection_progress TO PUBLIC;
