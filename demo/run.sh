#!/usr/bin/env bash
# What the extension does, shown on real data: the 69,659 purchases of cdnow.csv.gz.
# Called by "make demo". Each run begins with a new database "demo".
set -euo pipefail
cd "$(dirname "$0")"

# It drops a database: on private servers only (see scripts/server.sh).
case ${PGHOST:-} in
  "$(cd .. && pwd -P)"/target/* | /tmp/pg_analytics.*) ;;
  *) echo "error: run it on the private server: make demo" >&2; exit 1 ;;
esac
export PGDATABASE=demo PGTZ=UTC PGDATESTYLE=ISO PGCLIENTENCODING=UTF8 PAGER=cat
export PGOPTIONS='-c client_min_messages=warning'

psql -X -q -d postgres -c 'DROP DATABASE IF EXISTS demo WITH (FORCE)' -c 'CREATE DATABASE demo'

bold='' off=''
[ -t 1 ] && bold=$'\e[1m' off=$'\e[0m'

printf '\n69,659 purchases of CDs by 23,570 customers, 1997-01 to 1998-06 (takes a few seconds)\n\n'
for file in 1_log.sql 2_projections.sql 3_report.sql; do
  psql -X -v ON_ERROR_STOP=1 -v b="$bold" -v o="$off" -f "$file"
done
./4_live.sh
