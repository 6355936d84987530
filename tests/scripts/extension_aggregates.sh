#!/usr/bin/env bash
# Aggregates of other people's extensions (hll, tdigest) in projections: their C
# functions, what becomes of their states in a dump, and what they must not be fed.
source "$(dirname "$0")/lib/psql.sh"

in_database() { export PGDATABASE=$1; }
source_database=$PGDATABASE
trap 'in_database "$source_database"; dropdb --if-exists --force "${source_database}_restored"' EXIT

sql "CREATE EXTENSION pg_analytics; CREATE SCHEMA sketches; CREATE EXTENSION hll SCHEMA sketches; CREATE EXTENSION tdigest;
  ALTER DATABASE $PGDATABASE SET search_path = public, sketches" > /dev/null
sql "SELECT pganalytics.create_event_table('visits'); ALTER TABLE visits ADD visitor text, ADD seconds float8" > /dev/null
visit() { # first last
  sql "INSERT INTO visits (event_type, aggregate_id, visitor, seconds)
       SELECT 'page ' || i % 3, 'x', 'visitor ' || i * 7 % 5000, i % 1000 FROM generate_series($1, $2) i"
}
visit 1 20000
sql "SELECT pganalytics.create_projection('visitors', \$\$
  SELECT event_type, count(*) AS visits, hll_add_agg(hll_hash_text(visitor)) AS sketch,
         hll_add_agg(hll_hash_text(visitor), 12) FILTER (WHERE seconds < 100) AS bounced,
         tdigest_percentile(seconds, 100, 0.5) AS median, tdigest_percentile(seconds, 100, ARRAY[0.1, 0.9]) AS tails, stddev(seconds::numeric) AS deviation
  FROM visits GROUP BY 1\$\$)" > /dev/null
definition() { sql "SELECT g.definition FROM pganalytics_data.generation g JOIN pganalytics_data.projection p ON p.generation = g.id
  WHERE p.relation = 'visitors'::regclass"; }

# Sketches are equal; quantiles depend on the order of merging, within their error.
equals_its_query() {
  now "$1" "SELECT count(*) = 3 AND bool_and(p.visits = q.visits AND hll_eq(p.sketch, q.sketch) AND hll_eq(p.bounced, q.bounced)
        AND abs(p.median - q.median) < 5 AND abs(p.tails[1] - q.tails[1]) < 5 AND abs(p.tails[2] - q.tails[2]) < 5 AND p.deviation = q.deviation)
      FROM visitors p JOIN $(definition) q USING (event_type)"
}
equals_its_query 'as created'
visit 15000 40000
equals_its_query 'with a tail'
sql "SELECT pganalytics.refresh_projection('visitors')" > /dev/null
equals_its_query 'folded'
# Sketches of the whole log, merged from those of the groups.
now 'states can be rolled up' "SELECT hll_eq(
    pganalytics.finish_state(pganalytics.merge_states(s.c2, 'hll_add_agg(hll_hashval)'), 'hll_add_agg(hll_hashval)', NULL::hll),
    (SELECT hll_add_agg(hll_hash_text(visitor)) FROM visits))
  FROM $(sql "SELECT g.state FROM pganalytics_data.generation g") s"
visit 50000 50100
sql "ALTER SCHEMA sketches RENAME TO approximations; ALTER DATABASE $PGDATABASE SET search_path = public, approximations"
equals_its_query 'under another name'

# What would take the server down if it were tried.
state=$(sql "SELECT g.state FROM pganalytics_data.generation g")
checkpointer() { sql "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'"; }
started=$(checkpointer)
for column in c2 c3 c6; do
  for aggregate in 'tdigest(float8, integer)' 'tdigest_percentile(float8, integer, float8[])' 'hll_add_agg(hll_hashval, integer, integer)'; do
    error=$(psql -XAtq -v VERBOSITY=sqlstate -c "SELECT pganalytics.merge_states($column, '$aggregate') FROM $state" 2>&1) &&
      die "$column was taken for a state of $aggregate"
    [[ $error == *22023* ]] || die "$column as a state of $aggregate: $error"
  done
done
[ "$(checkpointer)" = "$started" ] || die 'a process has died'

# A dump brings the states, the key to them and the derived aggregates.
createdb "${source_database}_restored"
pg_dump "$source_database" | PGDATABASE=${source_database}_restored psql -XAtq -v ON_ERROR_STOP=1 > /dev/null
in_database "${source_database}_restored"
sql "ALTER DATABASE $PGDATABASE SET search_path = public, approximations"
equals_its_query 'restored'
now 'there is one key' "SELECT count(*) = 1 FROM pganalytics_data.state_key"
visit 60000 61000
equals_its_query 'restored, with a tail'
sql "SELECT pganalytics.refresh_projection('visitors')" > /dev/null
equals_its_query 'restored and folded'
now 'the derived aggregates are there' "SELECT count(*) > 0 FROM pg_proc WHERE proname ~ '^partial_'"
sql "SELECT pganalytics.create_projection('more', 'SELECT stddev(position) FROM visits');
  SELECT pganalytics.drop_projection('visitors')" > /dev/null
now 'none is left of what was dropped' "SELECT count(*) = 1 FROM pg_proc WHERE proname ~ '^partial_'"
now 'nothing else is left' "SELECT count(*) = 1 FROM pg_class WHERE relname ~ '^state_[0-9]+$'"
