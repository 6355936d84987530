#!/usr/bin/env bash
# A prepared transaction outlives a crash of the server, under another virtual id: the
# segment that it wrote to waits for it before it is shut and before it is sealed.
source "$(dirname "$0")/lib/psql.sh"

state() { # of the first segment [event-table]
  echo "SELECT state = '$1' FROM pganalytics.segments WHERE number = 1 AND event_table = '${2:-events}'::regclass"
}
maintain() { sql 'CALL pganalytics.run_maintenance()'; }

sql "CREATE EXTENSION pg_analytics;
  SELECT pganalytics.create_event_table('events');
  SELECT pganalytics.create_event_table('others');
  SELECT pganalytics.create_projection('total', 'SELECT count(*) AS n FROM events')" > /dev/null
maintain
segment=$(sql "SELECT relation FROM pganalytics.segments WHERE number = 1 AND event_table = 'events'::regclass")
# Straight into the segment: it holds no lock on the event table.
sql "BEGIN; INSERT INTO $segment (event_type, aggregate_id) VALUES ('a', 'x'); PREPARE TRANSACTION 'outlives'"
# Through the event table.
sql "BEGIN; INSERT INTO others (event_type, aggregate_id) VALUES ('a', 'x'); PREPARE TRANSACTION 'outlives too'"
sql "SELECT pganalytics.roll_segment('events'), pganalytics.roll_segment('others')" > /dev/null
maintain
now 'the segment waits for the prepared transaction' "$(state shut)"
now 'and the other for the other' "$(state closing others)"

checkpointer=$(sql "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'")
kill -9 "$checkpointer"
eventually 60 'the server is back' "SELECT pid <> $checkpointer FROM pg_stat_activity WHERE backend_type = 'checkpointer'"
maintain
now 'the segment still waits' "$(state shut)"
now 'and the other' "$(state closing others)"
sql "COMMIT PREPARED 'outlives'"
sql "COMMIT PREPARED 'outlives too'"
maintain
now 'it was sealed' "$(state frozen)"
now 'and the other' "$(state frozen others)"
now 'the events were counted' 'SELECT bool_and(rows = 1) FROM pganalytics.segments WHERE number = 1'
now 'the event is in the projection' 'SELECT n = 1 FROM total'
