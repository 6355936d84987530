#!/usr/bin/env bash
# A hot standby: projections are read there as on the primary, the tail included, and
# what cannot be evaluated is left out.
source "$(dirname "$0")/lib/psql.sh"
cd "$(dirname "$0")/../.."

work=$(scripts/as-postgres.sh mktemp -d)
trap 'scripts/as-postgres.sh pg_ctl -D "$work/data" -m immediate -w -s stop 2>/dev/null || true; rm -rf "$work"' EXIT

sql "CREATE EXTENSION pg_analytics"
sql "SELECT pganalytics.create_event_table('events')" >/dev/null
sql "SELECT pganalytics.create_projection('per_aggregate',
       'SELECT aggregate_id, count(*) AS events, sum((payload->>''n'')::int) AS total FROM events GROUP BY 1')" >/dev/null
append 100
sql "SELECT pganalytics.refresh_projection('per_aggregate')" >/dev/null

scripts/as-postgres.sh pg_basebackup -D "$work/data" -R -c fast -X stream
cat >> "$work/data/postgresql.auto.conf" <<SQL
unix_socket_directories = '$work'
shared_preload_libraries = ''
SQL
scripts/as-postgres.sh pg_ctl -D "$work/data" -l "$work/log" -w -s start || { cat "$work/log"; die "the standby does not start"; }

on_standby() { PGHOST=$work psql -XAtq -v ON_ERROR_STOP=1 -c "$1"; }
catch_up() {
  local lsn
  lsn=$(sql "SELECT pg_current_wal_flush_lsn()")
  for _ in $(seq 100); do
    [ "$(on_standby "SELECT pg_last_wal_replay_lsn() >= '$lsn'")" = t ] && return
    sleep 0.1
  done
  die "the standby does not catch up"
}
# The same answer on both.
agree() { # what
  local there here
  catch_up
  here=$(sql "SELECT * FROM per_aggregate ORDER BY 1" 2>/dev/null)
  there=$(on_standby "SELECT * FROM per_aggregate ORDER BY 1" 2>"$work/warnings") || { cat "$work/warnings"; die "$1"; }
  [ -n "$here" ] && [ "$here" = "$there" ] || die "$1: here $here, there $there"
  echo "ok: $1"
}

[ "$(on_standby 'SELECT pg_is_in_recovery()')" = t ] || die "that is no standby"
agree "what has been folded"
append 50
agree "a tail"
sql "INSERT INTO events (event_type, aggregate_id, payload) VALUES ('type0', 'a0', '{\"n\": \"abc\"}')"
append 50
agree "an event that cannot be evaluated is left out"
grep -q 'left out 1 event' "$work/warnings" || die "no warning: $(cat "$work/warnings")"
sql "SELECT pganalytics.refresh_projection('per_aggregate')" >/dev/null 2>&1
agree "it has been set aside"
[ ! -s "$work/warnings" ] || die "a warning: $(cat "$work/warnings")"
[ "$(on_standby "SELECT dead_letters FROM pganalytics.projections")" = 1 ] || die "it is not there"
echo "ok: it is there"
