#!/usr/bin/env bash
# Measures appends, folds and reads beside the same work in plain SQL, in the same
# run on the same server, in turn, and prints medians and their ratios.
# Called by `make bench` with PGHOST and PGDATABASE set to a private server.
set -euo pipefail
cd "$(dirname "$0")"

sql() { psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 "$@"; }

echo "==> Setting up (a few seconds)"
sql --command 'DROP EXTENSION IF EXISTS pg_analytics CASCADE' --command 'CREATE EXTENSION pg_analytics' 2>/dev/null
sql --command 'ALTER SYSTEM SET pganalytics.worker = off' --command 'SELECT pg_reload_conf()' >/dev/null
sql --file setup.sql

for part in append fold read; do
    echo "==> $part: $(sed -n 's/^-- about: //p' "$part.sql")"
    sql --file "$part.sql"
done

echo "==> single: one event per transaction, 8 clients, 5 runs of 5 s each, in turn (50 s)"
rate() { pgbench --no-vacuum --client 8 --jobs 2 --time 5 --file "$1" 2>/dev/null | sed -n 's/^tps = \([0-9.]*\).*/\1/p'; }
for run in 1 2 3 4 5; do
    for side in ours plain; do
        tps=$(rate "single_$side.sql")
        sql --command "INSERT INTO measured VALUES ('single-row INSERT, 8 clients', '$side', $run, 1, 1000.0 / $tps)"
    done
done
sql --file report.sql
