#!/usr/bin/env bash
# Measures the extension beside the same work in plain SQL, in the same run on the
# same server, in turn, and prints medians, their ratios and the bars.
# Called by `make bench` with PGHOST and PGDATABASE set to a private server.
#
#   benches/run.sh [PART…]      the parts are the files with "-- about:"
set -euo pipefail
cd "$(dirname "$0")"

sql() { psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 "$@"; }

# Checkpoints and vacuum would come into whichever side runs at the time.
echo "==> Setting up (a few seconds)"
set_server() { # name=value…
    local pair
    for pair; do sql --command "ALTER SYSTEM SET ${pair%=*} = '${pair#*=}'"; done
    sql --command 'SELECT pg_reload_conf()' >/dev/null
}
set_server pganalytics.worker=off autovacuum=off max_wal_size=8GB checkpoint_timeout=1h
sql --command 'SET client_min_messages = warning' --command 'DROP DATABASE IF EXISTS bench_run WITH (FORCE)'
createdb bench_run
export PGDATABASE=bench_run
sql --command 'CREATE EXTENSION pg_analytics'
sql --file setup.sql

rate() { pgbench --no-vacuum --client "$2" --jobs 2 --time 8 --define n=0 --file "$1" 2>/dev/null | sed -n 's/^tps = \([0-9.]*\).*/\1/p'; }

# Runs of clients/PART_ours.sql and clients/PART_plain.sql in turn. Long ones: the first
# thousand transactions of a session cost more than the others, of ours above all.
run_clients() { # part what clients
    local run side tps
    for run in {1..7}; do
        for side in $([ $((run % 2)) = 1 ] && echo ours plain || echo plain ours); do
            tps=$(rate "clients/$1_$side.sql" "$3")
            sql --command "INSERT INTO measured VALUES ('$2', '$side', $run, $tps, 1000)"
        done
    done
}

[ $# -gt 0 ] || set -- single batch copy hot segments prune loop bytes fold read async refresh sketches
for part in flush "$@"; do
    echo "==> $part: $(sed -n 's/^-- about: //p' "$part.sql")"
    sql --file "$part.sql"
    clients=$(sed -n 's/^-- clients: //p' "$part.sql")
    setting=$(sed -n 's/^-- setting: //p' "$part.sql")
    [ -z "$setting" ] || set_server "$setting"
    [ -z "$clients" ] || run_clients "$part" "$clients" "$([ -z "$setting" ] && echo 8 || echo 1)"
    [ -z "$setting" ] || set_server pganalytics.worker=off
done
sql --file report.sql
