"""window_funnel beside ClickHouse's windowFunnel, in all combinations of modes.

SEED and CASES make another run. GOLDEN=1 also writes tests/data/parity/funnels.txt, which
the tests of the core read: cases on which the definitions agree, with ClickHouse's answers.
"""

import itertools
import os
import random
import subprocess
import sys
import tempfile

import chdb

SEED = int(os.environ.get("SEED", random.randrange(1_000_000)))
CASES = int(os.environ.get("CASES", 48_000))
MODES = ["strict_order", "strict_increase", "strict_once", "strict_deduplication"]
GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../data/parity/funnels.txt")


def reasons(modes, rows):
    """Why ClickHouse's answer may differ; docs/funnels.md explains each."""
    times = [at for at, _ in rows]
    ties = len(set(times)) < len(times)
    several = any(held & (held - 1) for _, held in rows)
    begins_again = sum(held & 1 for _, held in rows) > 1
    found = []
    if "strict_increase" in modes and "strict_once" not in modes and (ties or several):
        found.append("strict_increase forgets chains where times are equal")
    if "strict_order" in modes and begins_again:
        found.append("strict_order is read once, not for each beginning")
    if "strict_order" in modes and several:
        found.append("strict_order takes conditions for rows")
    if "strict_deduplication" in modes and begins_again:
        found.append("strict_deduplication is read once, not for each beginning")
    if {"strict_deduplication", "strict_once"} <= set(modes) and ties and several:
        found.append("strict_deduplication with strict_once goes by the order of arrival")
    return found


def random_rows(draw, steps):
    spread = draw.choice([4, 12, 40])
    rows = []
    for _ in range(draw.choice([0, 1, 2, 4, 6, 8, 12])):
        if draw.random() < 0.1:
            held = 0
        elif draw.random() < 0.75:
            held = 1 << draw.randrange(steps)
        else:
            held = draw.getrandbits(steps)
        rows.append((draw.randrange(spread), held))
    if draw.random() < 0.3:
        # Steps in their order, so that long chains are not rare.
        rows += [(at * draw.choice([1, 2]), 1 << at) for at in range(steps)]
    draw.shuffle(rows)
    return rows


def ask_clickhouse(file, steps, window, modes):
    conditions = ", ".join(f"bitTest(held, {step})" for step in range(steps))
    parameters = ", ".join([str(window)] + [f"'{mode}'" for mode in modes])
    return f"""SELECT entity, windowFunnel({parameters})(at, {conditions})
        FROM file('{file}', 'CSV', 'entity UInt32, at UInt32, held UInt32') GROUP BY entity"""


def ask_us(steps, window, modes):
    conditions = ", ".join(f"held >> {step} & 1 = 1" for step in range(steps))
    mode = f"'{','.join(modes)}', " if modes else ""
    return f"""SELECT entity, pganalytics.window_funnel('{window} seconds', {mode}to_timestamp(at), {conditions})
        FROM funnel_rows GROUP BY entity;"""


def answers(text, separator):
    pairs = (line.split(separator) for line in text.splitlines() if line)
    return {int(entity): int(level) for entity, level in pairs}


def psql(script):
    done = subprocess.run(
        ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1"],
        input=script, capture_output=True, text=True, check=False,
    )
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout


def main():
    draw = random.Random(SEED)
    print(f"SEED={SEED} CASES={CASES}")
    combinations = [c for n in range(5) for c in itertools.combinations(MODES, n)]
    each = max(1, CASES // (3 * len(combinations)))
    wrong, equal, differing, golden = [], 0, {}, []
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o755)
        file = os.path.join(place, "rows.csv")
        for modes, _ in itertools.product(combinations, range(3)):
            steps = draw.choice([1, 2, 3, 3, 4, 5, 6, 30])
            window = draw.choice([1, 2, 5, 10, 20, 100])
            # An entity without rows has no group in either.
            cases = {n: rows for n in range(each) if (rows := random_rows(draw, steps))}
            text = "".join(f"{n},{at},{held}\n" for n, rows in cases.items() for at, held in rows)
            with open(file, "w", encoding="ascii") as out:
                out.write(text)
            theirs = answers(str(chdb.query(ask_clickhouse(file, steps, window, modes), "CSV")), ",")
            ours = answers(psql(
                "CREATE TEMP TABLE funnel_rows (entity int, at int, held int);\n"
                f"COPY funnel_rows FROM STDIN (FORMAT csv);\n{text}\\.\n{ask_us(steps, window, modes)}"
            ), "|")
            if ours.keys() != theirs.keys():
                sys.exit(f"not the same entities: {modes}")
            kept = 0
            for entity, rows in cases.items():
                why = reasons(modes, rows)
                if ours[entity] == theirs[entity]:
                    equal += 1
                elif why:
                    for reason in why:
                        differing[reason] = differing.get(reason, 0) + 1
                else:
                    wrong.append((modes, window, steps, rows, ours[entity], theirs[entity]))
                if not why and kept < 8 and theirs[entity] > draw.choice([0, 1, 2]):
                    kept += 1
                    told = " ".join(f"{at}={held}" for at, held in rows)
                    golden.append(f"{','.join(modes)};{window};{steps};{told};{theirs[entity]}\n")
    print(f"{equal} answers are equal; of the others, where the definitions differ:")
    for reason, count in sorted(differing.items()):
        print(f"  {count:6}  {reason}")
    for case in wrong[:10]:
        print("modes %s window %s steps %s rows %s: ours %s, ClickHouse %s" % case)
    if wrong:
        sys.exit(f"{len(wrong)} answers differ without a reason")
    if os.environ.get("GOLDEN"):
        with open(GOLDEN, "w", encoding="ascii") as out:
            version = str(chdb.query("SELECT version()", "CSV")).strip().strip('"')
            out.write(f"# Answers of windowFunnel, ClickHouse {version}: modes;window;steps;rows (time=conditions);level\n")
            out.writelines(golden)


main()
