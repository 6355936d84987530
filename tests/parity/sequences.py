"""Sequences: random patterns over random rows, asked of sequenceMatch, sequenceCount and
sequenceMatchEvents, and of ours. Where the definitions differ (docs/sequences.md) nothing
is drawn; that they do differ is shown by a case of each.

SEED, CASES: another run. GOLDEN=file: writes the answers of ClickHouse to it.
"""

import csv
import io
import os
import random
import subprocess

import chdb

SEED = int(os.environ.get("SEED", "1"))
CASES = int(os.environ.get("CASES", "4000"))
GOLDEN = os.environ.get("GOLDEN")
EACH = 10  # sets of rows for each pattern


def draw_pattern(rng, conditions):
    """Events; between two of them nothing, `.*`, or one time in whole seconds."""
    pattern = rng.choice(["", "", "", ".*"])
    for place in range(rng.randint(1, 5)):
        if place > 0:
            operator = rng.choice(["<", "<=", ">", ">=", "=="])
            time = f"(?t{operator}{rng.randint(0, 6)})"
            pattern += rng.choice(["", ".*", time, time])
        # The last event has a name: see "the events of a pattern that ends in ." below.
        pattern += rng.choice([f"(?{rng.randint(1, conditions)})"] * 6 + ["."])
    if pattern.endswith(".") or pattern.endswith(".*"):
        pattern += "(?1)"
    # No .* after it: where the match ends with the last row, ClickHouse then goes on past the end
    # of the pattern, and one case in some thousands it finds no match there.
    return pattern


def draw_rows(rng, conditions):
    """Times and conditions, no time twice, in any order; some on which nothing holds."""
    times = rng.sample(range(25), rng.randint(1, 15))
    return [(time, rng.getrandbits(conditions) & rng.getrandbits(conditions)) for time in times]


def ask_clickhouse(pattern, conditions, sets):
    """For each set of rows: match, count, events."""
    names = ", ".join(f"bitTest(held, {place})" for place in range(conditions))
    rows = ", ".join(f"({number}, {time}, {held})" for number, rows in enumerate(sets) for time, held in rows)
    asked = ", ".join(f"{name}('{pattern}')(at, {names})" for name in ("sequenceMatch", "sequenceCount", "sequenceMatchEvents"))
    answer = chdb.query(
        f"SELECT number, {asked} FROM values('number UInt32, at UInt64, held UInt64', {rows}) GROUP BY number ORDER BY number", "CSV")
    read = csv.reader(io.StringIO(str(answer)))
    return [(int(match), int(count), events.strip("[]").replace(",", " ")) for _, match, count, events in read]


def ask_ours(questions):
    """The same, for all questions at once."""
    script = ["SET search_path = pganalytics, public;", "CREATE TEMP TABLE r (number int, at bigint, held bigint);"]
    for pattern, conditions, sets in questions:
        rows = ", ".join(f"({number}, {time}, {held})" for number, rows in enumerate(sets) for time, held in rows)
        names = ", ".join(f"held >> {place} & 1 = 1" for place in range(conditions))
        arguments = f"'{pattern}', to_timestamp(at), {names}"
        script += [
            "TRUNCATE r;", f"INSERT INTO r VALUES {rows};",
            f"""SELECT sequence_match({arguments})::int, sequence_count({arguments}), coalesce((SELECT string_agg(extract(epoch FROM e)::bigint::text, ' ' ORDER BY n)
                FROM unnest(sequence_events({arguments})) WITH ORDINALITY AS e (e, n)), '') FROM r GROUP BY number ORDER BY number;"""]
    answer = subprocess.run(["psql", "-XAtq", "-F", ";", "-v", "ON_ERROR_STOP=1"], input="\n".join(script),
                            capture_output=True, text=True, check=True).stdout
    return [(int(match), int(count), events) for match, count, events in (line.split(";") for line in answer.splitlines())]


def timeline(conditions, rows):
    """As the type prints it, in microseconds."""
    held = lambda mask: "+".join(str(place + 1) for place in range(conditions) if mask >> place & 1)
    return f"{conditions}{{{','.join(f'{time * 1000000}={held(mask)}' for time, mask in sorted(rows))}}}"


# Pattern, conditions, rows, the answer of ClickHouse, ours: see the list in docs/sequences.md.
DIFFERENT = [
    ("a time beside .* is measured from the row after the event", "(?1).*(?t<=10)(?2)", 2, [(0, 1), (99, 1), (100, 2)], (1, 1, "0 100"), (1, 1, "99 100")),
    ("a time that no event follows", "(?1)(?t<=10)", 2, [(0, 1), (5, 2), (20, 2)], (1, 1, "0"), "a time must stand between two events"),
    ("a time before the first event", "(?t>=5)(?1)", 2, [(0, 1), (6, 1)], (1, 1, "6"), "a time must stand between two events"),
    ("no event at all", ".*", 2, [(0, 1), (6, 1)], (1, 2, ""), "it has no event"),
    ("the events of a pattern that ends in .", "(?1)(?t==3).", 2, [(0, 1), (5, 1), (8, 2)], (1, 1, "0"), (1, 1, "5")),
    ("any time but one", "(?1)(?t!=5)(?2)", 2, [(0, 1), (6, 2)], "Unknown time condition", (1, 1, "0 6")),
    ("two times", "(?1)(?t>5)(?t<7)(?2)", 2, [(0, 1), (6, 2)], "should be preceded by an event", (1, 1, "0 6")),
    ("fractions of a second", "(?1)(?t>5.5)(?2)", 2, [(0, 1), (6, 2)], "closing parenthesis", (1, 1, "0 6")),
]


def answer_of(ask):
    try:
        return ask()[0]
    except (RuntimeError, subprocess.CalledProcessError) as error:
        return str(getattr(error, "stderr", None) or error)


def check_differences():
    wrong = 0
    for name, pattern, conditions, rows, theirs, ours in DIFFERENT:
        for who, expected, ask in (("ClickHouse", theirs, lambda: ask_clickhouse(pattern, conditions, [rows])),
                                   ("ours", ours, lambda: ask_ours([(pattern, conditions, [rows])]))):
            found = answer_of(ask)
            same = expected in found if isinstance(expected, str) and isinstance(found, str) else expected == found
            if not same:
                print(f"{name}: {who} answers {found}, not {expected}")
                wrong += 1
    return wrong


def main():
    rng = random.Random(SEED)
    questions = []
    for _ in range(CASES // EACH):
        conditions = rng.randint(2, 4)
        questions.append((draw_pattern(rng, conditions), conditions, [draw_rows(rng, conditions) for _ in range(EACH)]))
    theirs = [answer for question in questions for answer in ask_clickhouse(*question)]
    ours = ask_ours(questions)
    cases = [(pattern, conditions, rows) for pattern, conditions, sets in questions for rows in sets]
    assert len(cases) == len(theirs) == len(ours), (len(cases), len(theirs), len(ours))
    if GOLDEN:
        with open(GOLDEN, "w", encoding="ascii") as golden:
            for (pattern, conditions, rows), (match, count, events) in zip(cases, theirs):
                print(pattern, timeline(conditions, rows), match, count, events, sep=";", file=golden)
    different = [case for case in zip(cases, theirs, ours) if case[1] != case[2]]
    for (pattern, conditions, rows), their, our in different[:10]:
        print(f"{pattern} over {sorted(rows)}: ClickHouse {their}, ours {our}")
    matching = sum(match for match, _, _ in theirs)
    print(f"sequences: {len(cases)} cases (seed {SEED}), {matching} of which match, {len(different)} differ")
    return 1 if different or check_differences() or not 0 < matching < len(cases) else 0


raise SystemExit(main())
