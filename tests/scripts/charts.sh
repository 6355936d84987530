#!/usr/bin/env bash
# Charts of text in databases whose encoding has no block elements: ASCII takes their place.
source "$(dirname "$0")/lib/psql.sh"

draw="SELECT pganalytics.sparkline(x ORDER BY x) || ' ' || pganalytics.bar(5, 16, 4) || ' ' || pganalytics.bar(0, 1) || '.' FROM generate_series(1, 8) AS x"
sql "CREATE EXTENSION pg_analytics"
now "block elements in UTF8" "SELECT ($draw) = '▁▂▃▄▅▆▇█ █▎ .'"

for encoding in SQL_ASCII LATIN1; do
  createdb --template template0 --encoding "$encoding" --locale C "charts_$encoding"
  PGDATABASE=charts_$encoding sql "CREATE EXTENSION pg_analytics"
  PGDATABASE=charts_$encoding now "ASCII in $encoding" "SELECT ($draw) = '.:-=+*#@ ## .'"
  dropdb --force "charts_$encoding"
done
