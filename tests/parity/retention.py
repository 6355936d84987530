"""retention() of random rows, here and in ClickHouse.

A case is some rows of 2 to 32 conditions each, true, false or NULL. ClickHouse leaves out
every row with a NULL among its conditions; here NULL is false, so it is asked with 0 instead.
It has no answer for one condition (here: whether it was met).

SEED and CASES draw other cases; KEEP=file writes them with ClickHouse's answers to a file,
which is how tests/data/parity/retention.txt was made (SEED=1 CASES=400).
"""

import os
import random
import subprocess
import sys

import chdb

seed = int(os.environ.get("SEED", "1"))
draw = random.Random(seed)


def a_case():
    conditions = draw.choice([2, 3, 3, 4, 5, 8, 31, 32])
    likely = draw.choice([0.1, 0.3, 0.6])

    def condition():
        return draw.choices("10n", [likely, 1 - likely, 0.1])[0]

    rows = draw.choice([1, 1, 2, 3, 5, 20])
    return ["".join(condition() for _ in range(conditions)) for _ in range(rows)]


def clickhouse(cases):
    """By number of conditions, for each has a query of its own."""
    answers = {}
    for count in {len(case[0]) for case in cases}:
        rows = ",".join(
            f"({number}, '{row.replace('n', '0')}')"
            for number, case in enumerate(cases)
            if len(case[0]) == count
            for row in case
        )
        conditions = ", ".join(f"substring(r, {i}, 1) = '1'" for i in range(1, count + 1))
        out = chdb.query(
            f"SELECT n, arrayStringConcat(arrayMap(x -> toString(x), retention({conditions})))"
            f" FROM VALUES('n UInt32, r String', {rows}) GROUP BY n",
            "TSV",
        )
        for line in str(out).splitlines():
            number, answer = line.split("\t")
            answers[int(number)] = answer
    return [answers[number] for number in range(len(cases))]


def ours(cases):
    rows = "\n".join(
        f"{number}\t{{{','.join({'1': 't', '0': 'f', 'n': 'NULL'}[c] for c in row)}}}"
        for number, case in enumerate(cases)
        for row in case
    )
    script = f"""CREATE TEMP TABLE case_row (n integer, conditions boolean[]);
COPY case_row FROM STDIN;
{rows}
\\.
SELECT translate(array_to_string(pganalytics.retention(VARIADIC conditions), ''), 'tf', '10') FROM case_row GROUP BY n ORDER BY n;
"""
    out = subprocess.run(
        ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1"],
        input=script, text=True, check=True, capture_output=True,
    )
    return out.stdout.split()


cases = [a_case() for _ in range(int(os.environ.get("CASES", "5000")))]
# No more at once than ClickHouse parses.
theirs = [answer for start in range(0, len(cases), 400) for answer in clickhouse(cases[start : start + 400])]
if "KEEP" in os.environ:
    with open(os.environ["KEEP"], "w", encoding="ascii") as kept:
        for case, answer in zip(cases, theirs, strict=True):
            kept.write(f"{' '.join(case)}\t{answer}\n")
wrong = [
    (case, answer, theirs)
    for case, answer, theirs in zip(cases, ours(cases), theirs, strict=True)
    if answer != theirs
]
for case, answer, expected in wrong[:5]:
    print(f"{case}: {answer}, ClickHouse {expected}")
print(f"retention: {len(cases)} cases, {len(wrong)} differ (SEED={seed})")
sys.exit(bool(wrong))
