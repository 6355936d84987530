#!/usr/bin/env bash
# Names and values beyond ASCII in a database of another encoding than UTF8.
source "$(dirname "$0")/lib/psql.sh"

main_database=$PGDATABASE
latin=${main_database}_latin
ascii=${main_database}_ascii
trap 'export PGDATABASE=$main_database; dropdb --if-exists --force "$latin"; dropdb --if-exists --force "$ascii"' EXIT
createdb --encoding LATIN1 --locale C --template template0 "$latin"
createdb --encoding SQL_ASCII --locale C --template template0 "$ascii"

export PGDATABASE=$latin PGCLIENTENCODING=UTF8
sql "CREATE EXTENSION pg_analytics;
     CREATE TABLE größen (name text);
     INSERT INTO größen VALUES ('café'), ('thé');
     SELECT pganalytics.create_event_table('besøg');
     ALTER TABLE besøg ADD COLUMN größe text" > /dev/null
sql "INSERT INTO besøg (event_type, aggregate_id, occurred_at, größe)
     SELECT type, aggregate, '2024-03-01 00:00+00'::timestamptz + place * interval '1 hour', 'groß'
     FROM (VALUES (1, 'café', 'zoë'), (2, 'thé', 'zoë'), (3, 'café', 'ada')) AS v (place, type, aggregate)"
sql "SELECT FROM pganalytics.append('besøg', 'josé', '[{\"event_type\": \"café\"}]', 0)"

sql "SELECT pganalytics.create_projection('été', \$\$ SELECT größe, event_type = 'café' AS \"ist_café\", count(*) AS zahl,
         string_agg(DISTINCT event_type, 'é') AS alle
     FROM besøg JOIN größen ON name = event_type GROUP BY 1, 2 \$\$)" > /dev/null
now 'a projection' "SELECT zahl = 2 AND alle = 'café' FROM été WHERE größe = 'groß' AND ist_café"
sql "INSERT INTO besøg (event_type, aggregate_id, größe) VALUES ('café', 'zoë', 'groß')"
now 'its tail' "SELECT zahl = 3 FROM été WHERE größe = 'groß' AND ist_café"
sql "SELECT pganalytics.refresh_projection('été'), pganalytics.pause_projection('été'), pganalytics.resume_projection('été');
     SELECT pganalytics.replace_projection('été', \$\$ SELECT größe, event_type = 'café' AS \"ist_café\", count(*) AS zahl,
         max(event_type) AS alle FROM besøg GROUP BY 1, 2 \$\$)" > /dev/null
now 'it can be replaced' "SELECT zahl = 3 AND alle = 'café' FROM été WHERE größe = 'groß' AND ist_café"
now 'and verified' "SELECT count(*) = 0 FROM pganalytics.verify_projection('été')"
now 'its name is shown' "SELECT name = '\"été\"' AND last_error IS NULL FROM pganalytics.projections"

now 'a funnel of types' "SELECT array_agg(entities) = '{3,1}' AND min(name) = 'café' FROM pganalytics.funnel('besøg', ARRAY['café', 'thé'], '1 day')"
now 'a funnel of conditions' "SELECT min(entities) = 3 FROM pganalytics.funnel('besøg', conditions => ARRAY['event_type = ''café'''], \"window\" => '1 day')"
now 'values to tell apart by' "SELECT bool_or(value = 'groß') FROM pganalytics.funnel('besøg', ARRAY['café'], '1 day', by => 'größe')"
now 'the query of it' "SELECT pganalytics.funnel_query('besøg', ARRAY['café'], '1 day', NULL, NULL, NULL, NULL, '', 'aggregate_id', now()) LIKE '%''café''%'"
now 'paths' "SELECT path[1:2] = '{café,thé}' FROM pganalytics.entity_paths('besøg', start => 'café') WHERE entity = 'zoë' ORDER BY since LIMIT 1"
now 'sessions' "SELECT bool_or(entity = 'zoë' AND first_event = 'café') FROM pganalytics.sessions('besøg', '2 hours')"
now 'retention' "SELECT sum(size) = 3 FROM pganalytics.cohort_retention('besøg', 'café', 'café', '1 day', 0, mode => 'rolling')"
now 'columns of series' "SELECT count(*) = 3 FROM pganalytics.fill_gaps(NULL::besøg, 'occurred_at', '1 hour', '2024-03-01 01:00+00', '2024-03-01 04:00+00', by => ARRAY['größe'])"
now 'frequent values' "SELECT bool_or(value = 'café' AND count = 4) FROM (SELECT pganalytics.top_k(event_type) AS k FROM besøg) AS s, pganalytics.top_values(k, 5)"

# An event on which a query fails is set aside: what its error says beyond ASCII is lost.
sql "INSERT INTO besøg (event_type, aggregate_id, größe) VALUES ('thé', 'dé', '1é')"
sql "SELECT pganalytics.create_projection('nombre', \$\$ SELECT sum(aggregate_id::numeric) AS n FROM besøg WHERE größe = '1é' \$\$);
     SELECT pganalytics.refresh_projection('nombre')" > /dev/null
now 'a dead letter' "SELECT aggregate_id = 'dé' AND error LIKE '%numeric: \"d?\"%' FROM pganalytics.dead_letters"
sql "SELECT pganalytics.discard_dead_letters('nombre', 'pas un numéro')" > /dev/null
now 'and why it was discarded' "SELECT reason = 'pas un numéro' FROM pganalytics.dead_letters"

# What is wrong is said; characters that messages cannot hold are shown by their numbers.
error=$(psql -XAtq -c "SELECT pganalytics.refresh_projection('été2')" 2>&1) && die 'a projection that is not there was refreshed'
[[ $error == *'projection "\u{e9}t\u{e9}2" does not exist'* ]] || die "unknown projection: $error"
error=$(psql -XAtq -c "INSERT INTO besøg (event_type, aggregate_id, version) VALUES ('café', 'zoë', 9)" 2>&1) && die 'a version was left out'
[[ $error == *'aggregate "zo\u{eb}"'* ]] || die "version conflict: $error"
error=$(psql -XAtq -v VERBOSITY=sqlstate -c "SELECT pganalytics.sequence_match('1{0=1}'::pganalytics.timeline, '(?é)')" 2>&1) && die 'a pattern was understood'
[[ $error == *22023* ]] || die "pattern: $error"

# Bytes of no known encoding are taken for UTF-8, or refused.
export PGDATABASE=$ascii PGCLIENTENCODING=SQL_ASCII
sql "CREATE EXTENSION pg_analytics; SELECT pganalytics.create_event_table('visits')" > /dev/null
sql "INSERT INTO visits (event_type, aggregate_id) VALUES ('café', 'zoë'), (E'caf\\xe9', 'zoë')"
now 'UTF-8 in SQL_ASCII' "SELECT entities = 1 FROM pganalytics.funnel('visits', ARRAY['café'], '1 day')"
error=$(psql -XAtq -v VERBOSITY=sqlstate -c "SELECT pganalytics.funnel('visits', ARRAY[E'caf\\xe9'], '1 day')" 2>&1) && die 'bytes were taken for text'
[[ $error == *22021* ]] || die "bytes that are no text: $error"
