# What the scripts with many writers share: an event table with two projections, a
# witness that is told of every event in the same transaction, pgbench. Sourced only.

set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/repeat.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sql() { psql -X -q -v ON_ERROR_STOP=1 -At "$@"; }

make_event_table() { # options of create_event_table, mode of the projections
  sql -v options="${1:-}" -v mode="${2:-async}" > /dev/null <<'SQL'
CREATE EXTENSION pg_analytics;
SELECT pganalytics.create_event_table('events' :options);
CREATE TABLE witness (event_id uuid);
SELECT pganalytics.create_projection('by_aggregate',
  'SELECT aggregate_id, count(*) AS n, sum((payload->>''v'')::int) AS total, min(version) AS first, max(version) AS last,
     avg((payload->>''v'')::int) AS mean FROM events GROUP BY aggregate_id', mode => :'mode');
SELECT pganalytics.create_projection('overall',
  'SELECT count(*) AS n, sum((payload->>''v'')::int) AS total, max(version) AS longest FROM events', mode => :'mode');
DO $$
DECLARE p record;
BEGIN
  FOR p IN SELECT relation, definition FROM pganalytics_data.projection JOIN pganalytics_data.generation g ON g.id = generation LOOP
    EXECUTE format('CREATE VIEW %s_query AS TABLE %s', p.relation, p.definition);
  END LOOP;
END $$;
-- One statement, one snapshot: raises an error if a projection is not its query.
CREATE FUNCTION check_projections() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE wrong bigint; events bigint;
BEGIN
  SELECT (SELECT count(*) FROM (TABLE by_aggregate EXCEPT ALL TABLE by_aggregate_query) d)
       + (SELECT count(*) FROM (TABLE by_aggregate_query EXCEPT ALL TABLE by_aggregate) d)
       + (SELECT count(*) FROM (TABLE overall EXCEPT ALL TABLE overall_query) d)
       + (SELECT count(*) FROM (TABLE overall_query EXCEPT ALL TABLE overall) d), (SELECT n FROM overall)
    INTO wrong, events;
  IF wrong > 0 THEN
    RAISE EXCEPTION 'projections differ from their queries in % rows', wrong;
  END IF;
  RETURN events;
END $$;
-- A row in a block of its own, the fourth ones undone: many subtransactions.
CREATE FUNCTION append_in_blocks(rows int, hot int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1..rows LOOP
    BEGIN
      WITH e AS (INSERT INTO events (event_type, aggregate_id, payload)
        VALUES ('block', 'hot' || hot, jsonb_build_object('v', i)) RETURNING event_id)
      INSERT INTO witness TABLE e;
      IF i % 4 = 0 THEN
        RAISE division_by_zero;
      END IF;
    EXCEPTION WHEN division_by_zero THEN
    END;
  END LOOP;
END $$;
SQL
}

# What a writer appends it also tells the witness, in the same transaction.
append() { # aggregate value
  echo "WITH e AS (INSERT INTO events (event_type, aggregate_id, payload) VALUES ('x', $1, jsonb_build_object('v', $2)) RETURNING event_id) INSERT INTO witness TABLE e;"
}
hot='\set a random(1, 6)
\set b random(1, 6)
\set v random(-100, 100)
'
script() { cat > "$work/$1.sql"; }
script single <<< "$hot$(append "'hot' || :a" :v)"
script cold <<< "\\set c random(1, 1000000)
\\set v random(1, 9)
$(append "'cold' || :c" :v)"
script several <<< "$hot
WITH e AS (INSERT INTO events (event_type, aggregate_id, payload)
  SELECT 'x', 'hot' || 1 + (i * :b) % 6, jsonb_build_object('v', i) FROM generate_series(1, 2 * :a) i RETURNING event_id)
INSERT INTO witness TABLE e;"
script batch <<< "$hot
INSERT INTO witness SELECT event_id FROM pganalytics.append_events('events', (SELECT jsonb_agg(jsonb_build_object(
    'event_type', 'x', 'aggregate_id', 'hot' || 1 + (i * :b) % 6, 'payload', jsonb_build_object('v', i)))
  FROM generate_series(1, 2 * :a) i));"
script savepoints <<< "${hot}BEGIN;
$(append "'hot' || :a" :v)
SAVEPOINT s;
$(append "'hot' || :b" 1000)
ROLLBACK TO s;
$(append "'hot' || :b" :v)
SAVEPOINT t;
$(append "'hot' || :b" 7)
RELEASE t;
COMMIT;"
script rolled_back <<< "${hot}BEGIN;
$(append "'hot' || :a" 100000)
ROLLBACK;"
script blocks <<< "${hot}SELECT append_in_blocks(20 * :a, :b);"
for end in COMMIT ROLLBACK; do
  script "prepared_$end" <<< "${hot}\\set n random(1, 1000000000)
BEGIN;
$(append "'hot' || :a" :v)
PREPARE TRANSACTION 'writer_:client_id:n';
$end PREPARED 'writer_:client_id:n';"
done
script fold <<< "SELECT pganalytics.refresh_projection('by_aggregate');
SELECT pganalytics.refresh_projection('overall');"
script fold_own <<< "${hot}BEGIN;
$(append "'hot' || :a" :v)
SELECT pganalytics.refresh_projection('overall');
$(append "'hot' || :a" :v)
COMMIT;"
script read <<< "BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT check_projections() AS before \\gset
\\sleep 50 ms
SELECT 1 / (check_projections() = :before)::int;
COMMIT;
SELECT check_projections();"

# Serialization failures and deadlocks are tried again; any other error ends the run.
bench() { # log pgbench-options…
  local log=$work/$1.log
  shift
  PGOPTIONS='-c deadlock_timeout=20ms' pgbench -n -T "$seconds" --max-tries=200 "$@" > "$log" 2>&1 || { cat "$log"; return 1; }
  ! grep -E 'aborted|ERROR|FATAL' "$log" || return 1
}

written='(SELECT count(*) > 1000 FROM witness)'

# Raises an error unless every event is there once, those that the witness knows and
# no others, with versions in the order of positions. Of one type of events
# the witness knows nothing.
check_events() { # event type left out
  sql -v left_out="${1:-}" <<'SQL'
SELECT set_config('test.left_out', :'left_out', false) \g /dev/null
DO $$
DECLARE bad bigint;
BEGIN
  SELECT count(*) - count(DISTINCT event_id) INTO bad FROM events;
  ASSERT bad = 0, format('%s events are there twice', bad);
  SELECT count(*) - count(DISTINCT position) INTO bad FROM events;
  ASSERT bad = 0, format('%s positions are there twice', bad);
  SELECT count(*) INTO bad FROM (
    SELECT version, row_number() OVER (PARTITION BY aggregate_id ORDER BY position) AS n FROM events) e
  WHERE version IS DISTINCT FROM n;
  ASSERT bad = 0, format('%s versions are not in the order of positions, or leave a gap', bad);
  SELECT count(*) - count(DISTINCT event_id) INTO bad FROM witness;
  ASSERT bad = 0, format('%s events went in twice', bad);
  SELECT count(*) INTO bad FROM (SELECT event_id FROM witness EXCEPT SELECT event_id FROM events) e;
  ASSERT bad = 0, format('%s committed events are lost', bad);
  SELECT count(*) INTO bad FROM (SELECT event_id FROM events WHERE event_type <> current_setting('test.left_out')
                                 EXCEPT SELECT event_id FROM witness) e;
  ASSERT bad = 0, format('%s events are there that nobody committed', bad);
END $$;
SQL
}
