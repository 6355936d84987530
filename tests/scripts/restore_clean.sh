#!/usr/bin/env bash
# A dump restored over what it was made from, step by step and in one
# transaction: what keeps event tables whole stands in nobody's way.
source "$(dirname "$0")/lib/psql.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
state() { psql -XAtq -v VERBOSITY=sqlstate -c "$1" 2>&1 | sed -n 's/^ERROR: *//p'; }
expect() { # what expected actual
  [ "$2" = "$3" ] || die "$1: expected \"$2\", got \"$3\""
  echo "ok: $1"
}
# What must hold after each restore: 40 events, version 3 is next everywhere.
whole() {
  expect "the events of the dump" 40 "$(sql "SELECT count(*) FROM events")"
  equals_its_query per_type
  expect "a retry is recognised" "" "$(sql "INSERT INTO events (event_id, event_type, aggregate_id, payload)
    SELECT event_id, event_type, aggregate_id, payload FROM events WHERE version = 1 LIMIT 1 RETURNING version")"
  expect "versions go on" 3 "$(sql "INSERT INTO events (event_type, aggregate_id) VALUES ('type0', 'a1') RETURNING version")"
  equals_its_query per_type
  expect "UPDATE is refused" 55000 "$(state "UPDATE events SET payload = '{}'")"
  expect "dropping a segment is refused" 55000 "$(state "DROP TABLE $(sql "SELECT relation FROM pganalytics.segments WHERE state = 'active'")")"
  expect "a foreign key is refused" 42830 "$(state "ALTER TABLE events ADD UNIQUE (event_id, segment);
    CREATE TABLE notes (id uuid, segment int, FOREIGN KEY (id, segment) REFERENCES events (event_id, segment))")"
}

sql "CREATE EXTENSION pg_analytics"
sql "SELECT pganalytics.create_event_table('events')" >/dev/null
sql "SELECT pganalytics.create_projection('per_type', 'SELECT event_type, count(*) AS n FROM events GROUP BY 1')" >/dev/null
append 20
sql "SELECT pganalytics.refresh_projection('per_type')" >/dev/null
append 20
pg_dump -Fc -f "$work/dump"

echo "--- over itself"
append 5
pg_restore --clean --if-exists --exit-on-error -d "$PGDATABASE" "$work/dump"
whole
echo "--- over itself, in one transaction"
append 5
pg_restore --clean --if-exists --single-transaction -d "$PGDATABASE" "$work/dump"
whole
