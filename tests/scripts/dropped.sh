#!/usr/bin/env bash
# Event tables that are dropped while they are maintained, and the extension while
# somebody does something else.
source "$(dirname "$0")/lib/psql.sh"

sql "CREATE EXTENSION pg_analytics" > /dev/null
# Commits as soon as the command waits for it.
drop_during() { # command statement
  psql -XAtq -v ON_ERROR_STOP=1 <<SQL & dropper=$!
BEGIN;
$2;
SELECT pg_advisory_lock(1) \g /dev/null
DO \$\$ BEGIN
  FOR i IN 1..1000 LOOP
    EXIT WHEN EXISTS (SELECT FROM pg_locks WHERE NOT granted);
    PERFORM pg_sleep(0.01);
  END LOOP;
END \$\$;
COMMIT;
SQL
  eventually 10 'the transaction is open' "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 1)"
  sql "$1"
  wait "$dropper"
}

maintenance='CALL pganalytics.run_maintenance()'
started=$(sql "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'")
for _ in 1 2 3; do
  sql "SELECT pganalytics.create_event_table('dropped');
    INSERT INTO dropped (event_type, aggregate_id) VALUES ('a', 'x');
    SELECT pganalytics.roll_segment('dropped')" > /dev/null
  drop_during "$maintenance" 'DROP TABLE dropped CASCADE'
done
sql "SELECT pganalytics.create_event_table('kept')" > /dev/null
drop_during "$maintenance" 'DROP EXTENSION pg_analytics CASCADE'
now 'no process has died' "SELECT pid = $started FROM pg_stat_activity WHERE backend_type = 'checkpointer'"

# DDL that has nothing to do with event tables succeeds.
for command in 'CREATE TABLE mine (a int)' 'ALTER TABLE mine ADD b int' 'DROP TABLE mine'; do
  sql "DROP TABLE kept; CREATE EXTENSION pg_analytics; SELECT pganalytics.create_event_table('kept')" > /dev/null
  drop_during "$command" 'DROP EXTENSION pg_analytics CASCADE'
  echo "ok: $command"
done
