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

rate() { # seconds script clients
    pgbench --no-vacuum --client "$3" --jobs 2 --time "$1" --define n=0 --file "$2" 2>/dev/null | sed -n 's/^tps = \([0-9.]*\).*/\1/p'
}
note() { sql --command "INSERT INTO measured VALUES ('$1', '$2', $3, $4, 1000)"; } # what side run tps

# Runs of clients/PART_ours.sql and clients/PART_plain.sql in turn. Long ones: the first
# thousand transactions of a session cost more than the others, of ours above all.
run_clients() { # part what
    local run side
    for run in {1..7}; do
        for side in $([ $((run % 2)) = 1 ] && echo ours plain || echo plain ours); do
            note "$2" "$side" "$run" "$(rate 8 "clients/$1_$side.sql" 8)"
        done
    done
}

# The same with one client and a worker that takes the other core, in many short runs, for
# the disk's time varies most; and a control: the plain side beside a process that does
# nothing but compute, which shows what having no idle core costs.
run_beside_worker() { # part what
    local run side busy tps
    for run in {1..21}; do
        for side in $([ $((run % 2)) = 1 ] && echo ours plain busy || echo busy plain ours); do
            case $side in
                ours) note "$2" ours "$run" "$(rate 3 "clients/$1_ours.sql" 1)"
                    # Whatever is left to fold is not to come into the next.
                    sql --command 'CALL pganalytics.run_maintenance()' ;;
                plain) tps=$(rate 3 "clients/$1_plain.sql" 1)
                    note "$2" plain "$run" "$tps"; note "$2, control" plain "$run" "$tps" ;;
                busy) while :; do :; done & busy=$!
                    note "$2, control" ours "$run" "$(rate 3 "clients/$1_plain.sql" 1)"
                    kill $busy; wait $busy 2>/dev/null || true ;;
            esac
        done
    done
}

[ $# -gt 0 ] || set -- single batch copy hot segments prune loop bytes fold read async refresh series funnel sessionize sequences retention sketches parallel
for part in flush "$@"; do
    echo "==> $part: $(sed -n 's/^-- about: //p' "$part.sql")"
    # Each has its names for itself.
    sql --command "CREATE SCHEMA part_$part"
    export PGOPTIONS="-c search_path=part_$part,public"
    sql --file "$part.sql"
    clients=$(sed -n 's/^-- clients: //p' "$part.sql")
    setting=$(sed -n 's/^-- setting: //p' "$part.sql")
    if [ -n "$setting" ]; then
        set_server "$setting"
        run_beside_worker "$part" "$clients"
        set_server pganalytics.worker=off
    elif [ -n "$clients" ]; then
        run_clients "$part" "$clients"
    fi
done
unset PGOPTIONS
sql --file report.sql
