#!/usr/bin/env bash
# A roll that waits for prepared transactions goes on waiting for them when the
# server has been restarted: what is sealed is never added to.
root=$(cd "$(dirname "$0")/../.." && pwd)
source "$(dirname "$0")/lib/psql.sh"

maintain() { sql "CALL pganalytics.run_maintenance()"; }
restart() {
  "$root/scripts/server.sh" stop tests > /dev/null
  "$root/scripts/server.sh" start tests > /dev/null
}
# The states of an event table's segments, in their order, are these.
are() { # event-table states
  echo "SELECT array_agg(state ORDER BY number) = '{$2}' FROM pganalytics.segments WHERE event_table = '$1'::regclass"
}

sql "CREATE EXTENSION pg_analytics"
sql "SELECT pganalytics.create_event_table('through_root'), pganalytics.create_event_table('into_leaf')" > /dev/null
leaf=$(sql "SELECT relation FROM pganalytics.segments WHERE event_table = 'into_leaf'::regclass AND number = 1")
maintain

echo "--- prepared transactions hold an event table and a segment"
sql "BEGIN; INSERT INTO through_root (event_type, aggregate_id) VALUES ('x', 'a'); PREPARE TRANSACTION 'root'"
sql "BEGIN; INSERT INTO $leaf (event_type, aggregate_id, segment) VALUES ('x', 'a', 1); PREPARE TRANSACTION 'leaf'"
sql "SELECT pganalytics.roll_segment('through_root'), pganalytics.roll_segment('into_leaf')" > /dev/null
maintain
now "one is closing" "$(are through_root closing,active,spare)"
now "the other is shut" "$(are into_leaf shut,active,spare)"

echo "--- the server is restarted"
restart
maintain
now "one is closing" "$(are through_root closing,active,spare)"
now "the other is shut" "$(are into_leaf shut,active,spare)"

echo "--- they are committed"
sql "COMMIT PREPARED 'root'"
sql "COMMIT PREPARED 'leaf'"
maintain
for table in through_root into_leaf; do
  now "sealed and frozen" "$(are $table frozen,active,spare)"
  now "the event is counted" "SELECT rows = 1 FROM pganalytics.segments WHERE event_table = '$table'::regclass AND number = 1"
done
