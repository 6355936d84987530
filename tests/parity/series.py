"""ewma() with a half-life, rate() and bar() of random series, here and in ClickHouse, which
calls them exponentialTimeDecayedAvg, boundingRatio and bar.

A half-life is ClickHouse's decay length times ln 2. ClickHouse takes any of several values
at the first or last moment for boundingRatio, here it is the greatest: times of a series
that is asked for its rate are all different. A bar of something above 0 shows at least an
eighth here: bars of less than that are not asked for.

SEED and CASES draw other cases; KEEP=file writes them with ClickHouse's answers to a file,
which is how tests/data/parity/series.txt was made (SEED=1 CASES=400).
"""

import math
import os
import random
import subprocess
import sys

import chdb

seed = int(os.environ.get("SEED", "1"))
draw = random.Random(seed)
HALF_LIVES = [1, 60, 86_400]


def a_case():
    half_life = draw.choice(HALF_LIVES)
    many = draw.choice([1, 2, 2, 3, 5, 20])
    reach = half_life * draw.choice([1, 10, 100])
    times = [draw.randrange(reach + 20) for _ in range(many)]
    if draw.random() < 0.5:
        times = sorted(set(times))
        draw.shuffle(times)
    values = [draw.choice([draw.randrange(-5, 5), round(draw.uniform(-1e4, 1e4), 3)]) for _ in times]
    most, width = draw.choice([1, 7, 100, 1000]), draw.choice([1, 4, 40, 100])
    bar = draw.choice([-1, 0, most, most + 1, draw.randrange(most + 1), most / 2, most * 57 / 64])
    if 0 < bar * 8 * width < most:
        bar = 0
    return half_life, list(zip(times, values)), (bar, most, width)


def asked_for_rate(rows):
    times = {time for time, _ in rows}
    return 1 < len(times) == len(rows)


def clickhouse(cases):
    answers = {}
    for half_life in HALF_LIVES:
        chosen = [(n, case) for n, case in enumerate(cases) if case[0] == half_life]
        if not chosen:
            continue
        rows = ",".join(f"({n}, {time}, {value})" for n, case in chosen for time, value in case[1])
        out = chdb.query(
            f"SELECT n, any(e), boundingRatio(t, v) FROM (SELECT n, t, v,"
            f" exponentialTimeDecayedAvg({half_life / math.log(2)!r})(v, t) OVER (PARTITION BY n ORDER BY t"
            f" ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS e"
            f" FROM VALUES('n UInt32, t Int64, v Float64', {rows})) GROUP BY n",
            "TSV",
        )
        for line in str(out).splitlines():
            n, average, rate = line.split("\t")
            answers[int(n)] = [average, rate if asked_for_rate(cases[int(n)][1]) else ""]
        for width in {case[2][2] for _, case in chosen}:
            bars = ",".join(f"({n}, {case[2][0]}, {case[2][1]})" for n, case in chosen if case[2][2] == width)
            out = chdb.query(f"SELECT n, bar(v, 0, m, {width}) FROM VALUES('n UInt32, v Float64, m Float64', {bars})", "TSV")
            for line in str(out).splitlines():
                n, bar = line.split("\t")
                answers[int(n)].append(bar)
    return [answers[n] for n in range(len(cases))]


def ours(cases):
    rows = "\n".join(f"{n}\t{case[0]}\t{time}\t{value}" for n, case in enumerate(cases) for time, value in case[1])
    bars = "\n".join(f"{n}\t{case[2][0]}\t{case[2][1]}\t{case[2][2]}" for n, case in enumerate(cases))
    script = f"""CREATE TEMP TABLE series (n integer, half_life integer, t integer, v float8);
COPY series FROM STDIN;
{rows}
\\.
CREATE TEMP TABLE bars (n integer, v float8, most float8, width integer);
COPY bars FROM STDIN;
{bars}
\\.
SELECT s.average, s.rate, pganalytics.bar(b.v, b.most, b.width) FROM bars b JOIN (
    SELECT n, pganalytics.ewma(v, to_timestamp(t), half_life * interval '1 s') AS average, pganalytics.rate(v, to_timestamp(t))
    FROM series GROUP BY n) AS s USING (n) ORDER BY n;
"""
    out = subprocess.run(
        ["psql", "-XAtq", "-F", "\t", "-v", "ON_ERROR_STOP=1"],
        input=script, text=True, check=True, capture_output=True,
    )
    answers = [line.split("\t") for line in out.stdout.split("\n")[:-1]]
    return [
        [average, rate if asked_for_rate(case[1]) else "", bar]
        for (average, rate, bar), case in zip(answers, cases, strict=True)
    ]


def same(ours, theirs):
    def close(a, b):
        return a == b or a != "" != b and math.isclose(float(a), float(b), rel_tol=1e-9, abs_tol=1e-9)

    return close(ours[0], theirs[0]) and close(ours[1], theirs[1]) and ours[2] == theirs[2]


cases = [a_case() for _ in range(int(os.environ.get("CASES", "5000")))]
# No more at once than ClickHouse parses.
theirs = [answer for start in range(0, len(cases), 400) for answer in clickhouse(cases[start : start + 400])]
if "KEEP" in os.environ:
    with open(os.environ["KEEP"], "w", encoding="utf-8") as kept:
        for (half_life, rows, bar), answer in zip(cases, theirs, strict=True):
            rows = " ".join(f"{time}:{value}" for time, value in rows)
            asked = "\t".join(map(str, bar))
            kept.write(f"{half_life}\t{rows}\t{answer[0]}\t{answer[1]}\t{asked}\t{answer[2]}\n")
wrong = [
    (case, answer, expected)
    for case, answer, expected in zip(cases, ours(cases), theirs, strict=True)
    if not same(answer, expected)
]
for case, answer, expected in wrong[:5]:
    print(f"{case}: {answer}, ClickHouse {expected}")
print(f"series: {len(cases)} cases, {len(wrong)} differ (SEED={seed})")
sys.exit(bool(wrong))
