#!/usr/bin/env bash
# Sketches in tables: what becomes of them in dumps and binary copies, also between
# databases of different encodings.
source "$(dirname "$0")/lib/psql.sh"

source_database=$PGDATABASE
latin=${source_database}_latin
restored=${source_database}_restored
copy=$(mktemp)
trap 'export PGDATABASE=$source_database; dropdb --if-exists --force "$latin"; dropdb --if-exists --force "$restored"; rm -f "$copy"' EXIT

sql "CREATE EXTENSION pg_analytics; CREATE TABLE kept AS
  SELECT part, pganalytics.hll(x) AS users, pganalytics.hll(x, 10) AS fewer, pganalytics.percentile_sketch(x, 0.05) AS ms,
         pganalytics.top_k(CASE WHEN x % 3 = 0 THEN 'caf' || chr(233) ELSE '\"' || x || '\\' END, 20) AS names
  FROM (SELECT part, x FROM generate_series(0, 4) AS part, generate_series(1, (10 ^ part)::int) AS x) AS v GROUP BY part" > /dev/null
as_text="SELECT string_agg(concat_ws(' ', part, users, fewer, ms, names), E'\n' ORDER BY part) FROM kept"
before=$(sql "$as_text")

createdb "$restored"
pg_dump "$source_database" | PGDATABASE=$restored psql -XAtq -v ON_ERROR_STOP=1 > /dev/null
[ "$(PGDATABASE=$restored sql "$as_text")" = "$before" ] || die 'a dump changed the sketches'

psql -XAtq -c "COPY kept TO STDOUT (FORMAT binary)" > "$copy"
PGDATABASE=$restored psql -XAtq -v ON_ERROR_STOP=1 -c 'TRUNCATE kept' -c '\copy kept FROM '"'$copy'"' (FORMAT binary)'
[ "$(PGDATABASE=$restored sql "$as_text")" = "$before" ] || die 'a binary copy changed the sketches'

# In LATIN1 a value is other bytes, and the same text.
createdb --encoding LATIN1 --locale C --template template0 "$latin"
pg_dump "$source_database" | PGDATABASE=$latin PGCLIENTENCODING=UTF8 psql -XAtq -v ON_ERROR_STOP=1 > /dev/null
[ "$(PGDATABASE=$latin PGCLIENTENCODING=UTF8 sql "$as_text")" = "$before" ] || die 'a dump into LATIN1 changed the sketches'
export PGDATABASE=$latin
now 'the value is there' "SELECT value = 'caf' || chr(233) AND count = 3333 FROM kept, pganalytics.top_values(names, 1) WHERE part = 4"
psql -XAtq -c "COPY (SELECT names FROM kept WHERE part = 2) TO STDOUT (FORMAT binary)" > "$copy"
export PGDATABASE=$source_database
sql 'CREATE TABLE copied (names pganalytics.top_k_sketch)'
error=$(psql -XAtq -v VERBOSITY=sqlstate -c '\copy copied FROM '"'$copy'"' (FORMAT binary)' 2>&1) && die 'bytes of LATIN1 were taken for UTF8'
[[ $error == *22021* ]] || die "bytes of LATIN1: $error"
