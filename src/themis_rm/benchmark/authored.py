"""The authored benchmark: 240 pairs written for this project, stored as one Parquet file in the package.

The pairs are edited as directories of text files below ``data/authored`` of the repository;
``data/build_authored.py`` builds the Parquet file from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from themis_rm.execute.check import Check
from themis_rm.records import BenchmarkPair, Row
from themis_rm.storage.parquet import read_rows

AUTHORED_FILE = Path(__file__).parent / "authored.parquet"
"""The pairs, in the order of their ids' paths, with the columns of :class:`AuthoredPair`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthoredPair(Row):
    """One authored pair: the published benchmark columns, then what people and ``verify`` need.

    Attributes:
        note: Why the chosen response is better.
        check_file: Name of the program that passes with the chosen response and fails with the rejected one
            (``check.py``); empty for pairs without a check.
        check_program: Content of that program.
        response_file: Name of the file that contains the response when the program runs (``solution.py``).
    """

    id: str
    prompt: str
    chosen: str
    rejected: str
    aspect: str
    language: str
    subset: str
    note: str
    check_file: str
    check_program: str
    response_file: str

    def to_benchmark_pair(self) -> BenchmarkPair:
        """Return the pair in the published benchmark columns."""
        return BenchmarkPair.from_dict(self.to_dict())

    def to_check(self) -> Check | None:
        """Return how the pair is executed, or ``None`` if it has no check."""
        if not self.check_file:
            return None
        return Check(
            id=self.id,
            language=self.language,
            file=self.response_file,
            names=[self.check_file],
            contents=[self.check_program],
            run=self.check_file,
        )


def load_authored_pairs() -> list[AuthoredPair]:
    """Read the authored pairs, in their fixed order."""
    return [AuthoredPair.from_dict(row) for row in read_rows(AUTHORED_FILE, AuthoredPair.required())]


def load_authored_checks() -> list[Check]:
    """Return the checks of the authored pairs that have one, in the order of the pairs."""
    return [check for pair in load_authored_pairs() if (check := pair.to_check())]
