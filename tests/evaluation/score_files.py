"""Small score files for the tests of leaderboards."""

import json

import pyarrow as pa
import pyarrow.parquet as pq

ASPECTS = ("Functional_Correctness", "Security_Hardness")
LANGUAGES = ("Go", "Ruby", "Python")


def columns(outcomes, first=0, **changes):
    """Return the published columns of pairs ``first, first + 1, ...``; an outcome is +, 0 or - (won, tied, lost)."""
    sides = {"+": (2.0, 1.0), "0": (1.0, 1.0), "-": (1.0, 2.0)}
    numbers = range(first, first + len(outcomes))
    scores = [sides[mark] for mark in outcomes]
    made = {
        "chosen_score": [pair[0] for pair in scores],
        "rejected_score": [pair[1] for pair in scores],
        "correct": [mark == "+" for mark in outcomes],
        "score_diff": [pair[0] - pair[1] for pair in scores],
        "language": [LANGUAGES[number % 3] for number in numbers],
        "aspect": [ASPECTS[number % 2] for number in numbers],
        "subset": ["ONE" if number % 4 else "TWO" for number in numbers],
        "id": [f"pair-{number:04d}" for number in numbers],
    }
    return {**made, **changes}


def write_run(directory, outcomes, first=0, results=None, **changes):
    """Write a run directory in the published format; ``changes`` replace columns, ``None`` omits one."""
    directory.mkdir(parents=True, exist_ok=True)
    made = {name: values for name, values in columns(outcomes, first, **changes).items() if values is not None}
    pq.write_table(pa.table(made), directory / "scores.parquet")
    if results is not None:
        (directory / "results.json").write_text(json.dumps(results), encoding="utf-8")
    return directory
