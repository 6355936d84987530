"""The funnels of funnel.sql, asked of ClickHouse with one thread, on the same events."""

import subprocess
import sys
import tempfile
import time

from chdb import session

QUESTION = """SELECT level, count() FROM (
        SELECT windowFunnel(604800000)(at, type = 'search', type = 'view', type = 'cart', type = 'order') AS level
        FROM visits GROUP BY user) GROUP BY level ORDER BY level SETTINGS max_threads = 1"""


def psql(command):
    done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-F,", "-c", command],
                          check=True, capture_output=True, text=True)
    return done.stdout


with tempfile.TemporaryDirectory() as place:
    file = f"{place}/visits.csv"
    psql(f"\\copy (SELECT aggregate_id, extract(epoch FROM occurred_at - '2025-01-01') * 1000, event_type FROM visits) TO '{file}' (FORMAT csv)")
    chdb = session.Session(f"{place}/clickhouse")
    chdb.query("CREATE TABLE visits (user String, at UInt64, type LowCardinality(String)) ENGINE = MergeTree ORDER BY at")
    chdb.query(f"INSERT INTO visits SELECT user, toUInt64(at), type FROM file('{file}', 'CSV', 'user String, at Float64, type String')")
    chdb.query("OPTIMIZE TABLE visits FINAL")
    ours = psql("SELECT level, users FROM funnel_answers ORDER BY level")
    theirs = str(chdb.query(QUESTION, "CSV"))
    if ours != theirs:
        sys.exit(f"the answers differ: {ours} and {theirs}")
    events = psql("SELECT count(*) FROM visits").strip()
    for run in range(1, 6):
        began = time.perf_counter()
        chdb.query(QUESTION, "CSV")
        taken = (time.perf_counter() - began) * 1000
        psql(f"INSERT INTO measured SELECT what, 'plain', {run}, {events}, {taken} FROM bar WHERE beside LIKE 'ClickHouse%' AND what ~ 'funnel over|levels kept'")
    chdb.close()
