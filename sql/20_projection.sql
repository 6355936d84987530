-- Projections: creating, folding, reading and dropping them.

CREATE FUNCTION pganalytics.create_projection(name text, query text) RETURNS regclass
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'create_projection_wrapper';
COMMENT ON FUNCTION pganalytics.create_projection(text, text) IS
    'creates a read model of an event table, kept up to date incrementally; query: one SELECT over an event table, with groups or a row for each event';

CREATE FUNCTION pganalytics.refresh_projection(name text) RETURNS bigint
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'refresh_projection_wrapper';
COMMENT ON FUNCTION pganalytics.refresh_projection(text) IS
    'folds the tail of a projection now and returns the number of events folded; reads are exact without it';

CREATE FUNCTION pganalytics.drop_projection(name text) RETURNS void
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'drop_projection_wrapper';
COMMENT ON FUNCTION pganalytics.drop_projection(text) IS 'drops a projection and its state';

CREATE FUNCTION pganalytics.tail_length(projection regclass) RETURNS bigint
LANGUAGE c STABLE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'tail_length_wrapper';
COMMENT ON FUNCTION pganalytics.tail_length(regclass) IS 'the number of events that a projection has not yet folded; NULL if there is no such projection';

CREATE FUNCTION pganalytics.read_tail(state anyelement, definition "any", access_key uuid)
RETURNS SETOF anyelement
LANGUAGE c STABLE PARALLEL UNSAFE ROWS 100 AS 'MODULE_PATHNAME', 'read_tail';
COMMENT ON FUNCTION pganalytics.read_tail(anyelement, "any", uuid) IS
    'what the tail adds to a projection, for the view of the projection';

CREATE VIEW pganalytics.projections AS
SELECT p.relation AS name, p.event_table AS source, g.events_folded,
       pganalytics.tail_length(p.relation) AS tail, g.folds, g.last_fold,
       CASE WHEN pg_catalog.pg_has_role(c.relowner, 'USAGE') THEN p.last_error END AS last_error, p.last_error_state, p.last_error_at,
       pg_catalog.pg_get_userbyid(c.relowner) AS owner, p.query
FROM pganalytics_data.projection p
JOIN pganalytics_data.generation g ON g.projection = p.id
JOIN pg_catalog.pg_class c ON c.oid = p.relation
WHERE pg_catalog.pg_has_role(c.relowner, 'USAGE')
   OR pg_catalog.has_any_column_privilege(c.oid, 'SELECT');
COMMENT ON VIEW pganalytics.projections IS 'projections, how far they have folded and what went wrong last';
GRANT SELECT ON pganalytics.projections TO PUBLIC;
