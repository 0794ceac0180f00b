"""ENAMEL: HumanEval solutions by an efficiency expert, and two sets of ordinary solutions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from themis_rm.benchmark.sources.cleaning.surface import remove_differing_comments
from themis_rm.benchmark.sources.formats.tables import read_table
from themis_rm.benchmark.sources.source import (
    DOWNLOAD_HINT,
    SOURCES,
    BenchmarkSource,
    SourcePair,
    SourceRecord,
    UnusableRecord,
    read_json,
)
from themis_rm.errors import InputError
from themis_rm.execute.check import BOTH_PASS, Check

_COLUMNS = ("task_id", "prompt", "input_generator", "input_levels", "checker", "entry_point")
_REFERENCES = "enamel-references.json"
_ORACLES = "humanevalplus-canonical.json"
_HELPERS = ("rand_primality", "rand_probably_prime", "rand_parens")
"""Functions of upstream's package that some generators call; the dataset does not contain them."""

_CASES = 8

_SLOWER_PROBLEMS: Mapping[str, str] = MappingProxyType(
    {
        "humaneval-canonical": (
            "0 5 6 9 10 11 12 17 18 19 20 22 24 25 31 32 33 36 38 39 40 43 44 46 48 49 50 51 55 57 58 59 60 63 64 "
            "68 70 72 73 75 76 78 80 82 87 89 90 91 93 94 96 98 100 101 103 104 106 107 108 109 111 112 113 114 "
            "116 117 118 121 122 123 125 126 127 128 129 131 135 136 140 141 143 145 146 147 149 150 151 153 154 "
            "155 158 161"
        ),
        "humanevalplus-canonical": (
            "1 5 6 9 10 11 12 17 18 19 21 22 24 25 26 27 29 30 31 32 33 36 37 38 40 43 44 46 48 50 51 52 57 59 64 "
            "68 69 74 75 76 78 80 82 86 89 90 91 93 94 96 98 100 104 105 107 108 109 110 111 112 113 114 115 116 "
            "117 118 121 122 125 126 127 129 131 132 136 140 141 145 146 149 150 151 153 154 161"
        ),
    }
)
"""Set of solutions -> numbers of the problems where it took at least 1.5 times as long as the expert's solution.

Measured in CPU time with CPython 3.11: the minimum of five runs on an input of upstream's generator, at the first level
above the smallest where one of the three solutions took 0.1 seconds, or else at the largest level; with a time of at
least 20 microseconds. For the other problems the expert's solution was not measurably faster."""


def _read(directory: Path) -> Iterator[SourceRecord]:
    rows = list(read_table(directory / "enamel.csv", _COLUMNS))
    references = _read_solutions(directory / _REFERENCES, len(rows))
    oracles = _read_solutions(directory / _ORACLES, len(rows))
    for name, numbers in _SLOWER_PROBLEMS.items():
        slower = set(map(int, numbers.split()))
        others = _read_solutions(directory / f"{name}.json", len(rows))
        for number, row in enumerate(rows):
            key = f"{row['task_id']}:{name}"
            if number not in slower:
                yield UnusableRecord(key, "no-measured-gap")
                continue
            chosen, rejected = (_without_contracts(code) for code in (references[number], others[number]))
            chosen, rejected = remove_differing_comments(chosen, rejected, "Python")
            yield SourcePair(
                key=key,
                criterion="EE",
                language="Python",
                chosen=chosen,
                rejected=rejected,
                prompt=row["prompt"].strip(),
                group=row["task_id"],
                name=row["entry_point"],
                rule="expert's solution against an ordinary one",
                check=_check(row, _without_contracts(oracles[number])),
            )


def _read_solutions(path: Path, count: int) -> list[str]:
    """Return the first solution to each problem.

    Raises:
        InputError: The file is not a list of lists of programs, one for each problem.
    """
    solutions = read_json(path)
    if (
        not isinstance(solutions, list)
        or len(solutions) != count
        or not all(isinstance(codes, list) and codes and isinstance(codes[0], str) for codes in solutions)
    ):
        raise InputError(f"{path} does not contain a solution for each of {count} problems.", DOWNLOAD_HINT)
    return [codes[0] for codes in solutions]


def _without_contracts(code: str) -> str:
    """Return a solution without the disabled preconditions that one of the sets contains."""
    lines = [line.rstrip() for line in code.split("\n") if "$_CONTRACT_$" not in line]
    return "\n".join(lines).strip("\n") + "\n"


def _check(row: Mapping[str, str], oracle: str) -> Check | None:
    """Return a comparison with HumanEval+'s solution on small inputs; ``None`` where none can be generated."""
    if any(name in row["input_generator"] for name in _HELPERS):
        return None
    tests = f"""

import copy
import random
import string

expected = {{}}
exec({oracle!r}, expected)
{row["input_generator"]}
{row["checker"]}
for case in range({_CASES}):
    random.seed(case)
    given = generate_input({int(row["input_levels"].split()[0])}, 0, case)
    answer = expected[{row["entry_point"]!r}](*copy.deepcopy(given))
    assert __check(given, answer, {row["entry_point"]}(*copy.deepcopy(given))), case
"""
    return Check(id="", language="Python", after=tests, expects=BOTH_PASS, seconds=20.0)


SOURCES.register(
    BenchmarkSource(
        name="enamel",
        title="ENAMEL",
        subset="ENAMEL",
        license="Apache-2.0",
        criteria=("EE",),
        languages=("Python",),
        prompts="upstream",
        responses="people; efficient solutions of an expert, and the solutions of HumanEval and HumanEval+",
        tests=True,
        citation=(
            "Ruizhong Qiu, Weiliang Will Zeng, James Ezick, Christopher Lott and Hanghang Tong (2025). How Efficient "
            "is LLM-Generated Code? A Rigorous & High-Standard Benchmark. ICLR 2025, arXiv:2406.06647"
        ),
        upstream="github:q-rz/enamel",
        revision="b97da79c779b98eaa8b2a1b17a13d2eb0b6d16a5",
        files=("dataset/enamel.csv", "samples/*.json"),
        read=_read,
        notes=(
            "The expert's solution is paired with an ordinary one only where the latter took at least 1.5 times as "
            "long, which it did for three problems in five. Tests compare with HumanEval+ on small inputs."
        ),
    )
)
