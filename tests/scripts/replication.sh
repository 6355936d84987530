#!/usr/bin/env bash
# Logical replication, out of an event table and into one: through the root, and
# segment by segment. Two databases of one server, so slots are made by hand.
source "$(dirname "$0")/lib/psql.sh"

publisher=$PGDATABASE
subscriber=${PGDATABASE}_subscriber
at() { PGDATABASE=$1 sql "$2"; }
cleanup() {
  at "$subscriber" "ALTER SUBSCRIPTION events DISABLE; ALTER SUBSCRIPTION events SET (slot_name = NONE); DROP SUBSCRIPTION events" || true
  dropdb --if-exists --force "$subscriber"
  sql "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = '$publisher'"
} >/dev/null 2>&1
trap cleanup EXIT

expect() { # what expected actual
  [ "$2" = "$3" ] || die "$1: expected \"$2\", got \"$3\""
  echo "ok: $1"
}
# What is replicated: everything but what the extension sets.
columns="event_id, event_type, aggregate_id, version, occurred_at, payload, metadata, context, schema_version"

subscribe() { # publication options
  sql "SELECT pg_create_logical_replication_slot('of_subscriber', 'pgoutput', false, true)" >/dev/null
  at "$subscriber" "CREATE SUBSCRIPTION events
      CONNECTION 'host=$PGHOST port=$PGPORT user=$PGUSER dbname=$publisher' PUBLICATION $1
      WITH (create_slot = false, slot_name = 'of_subscriber'$2)"
}
unsubscribe() {
  at "$subscriber" "ALTER SUBSCRIPTION events DISABLE; ALTER SUBSCRIPTION events SET (slot_name = NONE)"
  at "$subscriber" "DROP SUBSCRIPTION events"
  PGDATABASE=$publisher eventually 10 "the slot is free" "SELECT NOT active FROM pg_replication_slots WHERE slot_name = 'of_subscriber'"
  sql "SELECT pg_drop_replication_slot('of_subscriber')" >/dev/null
}
events_arrived() { PGDATABASE=$subscriber eventually 60 "$2" "SELECT count(*) = $1 FROM $3"; }
errors() { at "$subscriber" "SELECT apply_error_count + sync_error_count FROM pg_stat_subscription_stats WHERE subname = 'events'"; }

sql "CREATE EXTENSION pg_analytics"
sql "SELECT pganalytics.create_event_table('events')" >/dev/null
append 50
sql "CREATE PUBLICATION through_root FOR TABLE events ($columns) WITH (publish = 'insert', publish_via_partition_root = true)"
sql "CREATE PUBLICATION by_segment FOR TABLE events WITH (publish = 'insert')"

createdb "$subscriber"
at "$subscriber" "CREATE EXTENSION pg_analytics"
at "$subscriber" "SELECT pganalytics.create_event_table('events')" >/dev/null
at "$subscriber" "SELECT pganalytics.create_projection('per_type', 'SELECT event_type, count(*) AS n FROM events GROUP BY 1')" >/dev/null

echo "--- the first copy, and what follows"
before=$(sql "SELECT clock_timestamp()")
subscribe through_root ""
events_arrived 50 "what was there is copied" events
append 50
sql "BEGIN; INSERT INTO events (event_type, aggregate_id) VALUES ('kept', 'b'); SAVEPOINT s;
     INSERT INTO events (event_type, aggregate_id) VALUES ('undone', 'b'); ROLLBACK TO s;
     INSERT INTO events (event_type, aggregate_id) VALUES ('kept', 'b'); COMMIT;
     BEGIN; INSERT INTO events (event_type, aggregate_id) VALUES ('undone', 'b'); ROLLBACK;
     BEGIN; INSERT INTO events (event_type, aggregate_id) VALUES ('kept', 'b'); PREPARE TRANSACTION 'of_publisher'"
sql "COMMIT PREPARED 'of_publisher'"
events_arrived 103 "what is appended arrives" events
content="SELECT md5(string_agg(concat_ws('|', $columns), ',' ORDER BY event_id)) FROM events"
expect "the same events with the same versions" "$(sql "$content")" "$(at "$subscriber" "$content")"
now_there() { PGDATABASE=$subscriber now "$1" "$2"; }
now_there "with positions, transactions and times of the subscriber" "
  SELECT count(DISTINCT position) = 103 AND min(recorded_at) > '$before' AND bool_and(txid = xmin::text::xid8) FROM events"
now_there "positions rise with versions" "SELECT count(*) = 0 FROM
  (SELECT version, row_number() OVER (PARTITION BY aggregate_id ORDER BY position) AS n FROM events) e WHERE version <> n"
PGDATABASE=$subscriber equals_its_query per_type

echo "--- new segments, here and there"
roll() { PGDATABASE=$1 sql "SELECT pganalytics.roll_segment('events')" >/dev/null; PGDATABASE=$1 sql "CALL pganalytics.run_maintenance()"; }
active() { PGDATABASE=$1 sql "SELECT active_segment FROM pganalytics.event_tables"; }
roll "$publisher"
append 20
events_arrived 123 "the publisher's new segment is published" events
roll "$subscriber"
append 20
events_arrived 143 "the subscriber's new segment takes what arrives" events
expect "segments of the publisher and of the subscriber" "2 2" "$(active "$publisher") $(active "$subscriber")"
expect "the same events with the same versions still" "$(sql "$content")" "$(at "$subscriber" "$content")"
PGDATABASE=$subscriber equals_its_query per_type

echo "--- a subscriber that appends, too"
at "$subscriber" "INSERT INTO events (event_type, aggregate_id) VALUES ('own', 'of subscriber')"
id=$(at "$subscriber" "INSERT INTO events (event_type, aggregate_id) VALUES ('sent to both', 'c') RETURNING event_id")
sql "INSERT INTO events (event_id, event_type, aggregate_id) VALUES ('$id', 'sent to both', 'c'), (DEFAULT, 'after', 'c')"
events_arrived 146 "an event that is there already is skipped" events
expect "nothing went wrong on the way" 0 "$(errors)"

echo "--- a conflict stops the subscription"
at "$subscriber" "INSERT INTO events (event_type, aggregate_id) VALUES ('conflicting', 'd')"
sql "INSERT INTO events (event_type, aggregate_id) VALUES ('x', 'd')"
PGDATABASE=$subscriber eventually 30 "the subscriber reports it" "SELECT apply_error_count > 0 FROM pg_stat_subscription_stats WHERE subname = 'events'"
append 10
at "$subscriber" "SELECT count(*) FROM events" | grep -qx 147 || die "something arrived in spite of it"
echo "ok: nothing arrives any more"
unsubscribe

echo "--- without versions the subscriber numbers the events"
at "$subscriber" "DROP TABLE events CASCADE" 2>/dev/null
at "$subscriber" "SELECT pganalytics.create_event_table('events')" >/dev/null
sql "CREATE PUBLICATION unnumbered FOR TABLE events (event_id, event_type, aggregate_id, payload)
     WITH (publish = 'insert', publish_via_partition_root = true)"
at "$subscriber" "INSERT INTO events (event_type, aggregate_id) SELECT 'own', 'a' || i FROM generate_series(0, 19) i"
subscribe unnumbered ", two_phase = true, streaming = true, binary = true"
events_arrived "$(($(sql "SELECT count(*) FROM events") + 20))" "all are there" events
PGDATABASE=$subscriber eventually 30 "in two phases from now on" "SELECT subtwophasestate = 'e' FROM pg_subscription"
sql "BEGIN; INSERT INTO events (event_type, aggregate_id) VALUES ('prepared', 'a1'); PREPARE TRANSACTION 'of_publisher'"
sql "BEGIN; INSERT INTO events (event_type, aggregate_id) VALUES ('prepared', 'a2'); PREPARE TRANSACTION 'undone'"
PGDATABASE=$subscriber eventually 30 "prepared there, too" "SELECT count(*) = 2 FROM pg_prepared_xacts WHERE database = '$subscriber'"
sql "COMMIT PREPARED 'of_publisher'"
sql "ROLLBACK PREPARED 'undone'"
append 20
events_arrived "$(($(sql "SELECT count(*) FROM events") + 20))" "new ones too" events
now_there "numbered without gaps" "SELECT count(*) = 0 FROM
  (SELECT version, row_number() OVER (PARTITION BY aggregate_id ORDER BY position) AS n FROM events) e WHERE version <> n"
expect "nothing went wrong on the way" 0 "$(errors)"
unsubscribe

echo "--- segment by segment, into plain tables of the same names"
at "$subscriber" "DROP EXTENSION pg_analytics CASCADE" 2>/dev/null
at "$subscriber" "DROP TABLE events"
at "$subscriber" "CREATE SCHEMA pganalytics_data"
for segment in $(sql "SELECT tablename FROM pg_publication_tables WHERE pubname = 'by_segment'"); do
  at "$subscriber" "CREATE TABLE pganalytics_data.$segment (event_id uuid, event_type text, aggregate_id text, version bigint,
    occurred_at timestamptz, payload jsonb, metadata jsonb, context jsonb, schema_version integer,
    recorded_at timestamptz, position bigint, txid xid8, segment integer)"
done
subscribe by_segment ", copy_data = true"
all="(TABLE pganalytics_data.segment_1_1 UNION ALL TABLE pganalytics_data.segment_1_2)"
events_arrived "$(sql "SELECT count(*) FROM events")" "what was there is copied" "$all e"
append 10
events_arrived "$(sql "SELECT count(*) FROM events")" "what is appended arrives" "$all e"
content="SELECT md5(string_agg(e::text, ',' ORDER BY position)) FROM"
expect "all columns as they are" "$(sql "$content events e")" "$(at "$subscriber" "$content $all e")"
unsubscribe
