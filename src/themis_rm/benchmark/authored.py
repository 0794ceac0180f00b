"""The authored benchmark: pairs that we wrote, as data in the package.

One folder per pair, ``authored/<Language>/<FC|EE|ME|RM|SH>/<slug>/``, with ``prompt.md``, ``chosen.*``,
``rejected.*``, ``note.md`` (why chosen is better) and, for functional correctness, ``check.*``: a program that passes
with the chosen answer in the place of ``solution.*`` and fails with the rejected one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from themis_rm.criteria import criterion
from themis_rm.languages import language
from themis_rm.records import BenchmarkPair

ROOT = Path(__file__).parent / "authored"
SUBSET = "AUTHORED"


@dataclass(frozen=True, slots=True)
class AuthoredPair:
    """One authored pair and the folder that it lives in.

    Attributes:
        row: The pair in the published benchmark columns.
        folder: Where its files are.
        note: Why the chosen answer is better, for people.
    """

    row: BenchmarkPair
    folder: Path
    note: str

    def answer(self, side: str) -> Path:
        """Return the file of ``chosen`` or ``rejected``."""
        return next(self.folder.glob(f"{side}.*"))

    def check(self) -> Path | None:
        """Return the program that tells the two answers apart, if the pair has one."""
        return next((f for f in sorted(self.folder.iterdir()) if f.stem.casefold() == "check"), None)


def pairs() -> Iterator[AuthoredPair]:
    """Yield the authored pairs in the order of their paths."""
    for prompt in sorted(ROOT.glob("*/*/*/prompt.md")):
        folder = prompt.parent
        spoken, short = folder.parts[-3], folder.parts[-2]
        row = BenchmarkPair(
            id=f"authored/{spoken}/{short}/{folder.name}",
            prompt=prompt.read_text(encoding="utf-8").strip(),
            chosen=_code(folder, "chosen"),
            rejected=_code(folder, "rejected"),
            aspect=criterion(short).benchmark_aspect,
            language=language(spoken).benchmark_name,
            subset=SUBSET,
        )
        yield AuthoredPair(row, folder, (folder / "note.md").read_text(encoding="utf-8").strip())


def load() -> list[BenchmarkPair]:
    """Return the authored benchmark as rows."""
    return [pair.row for pair in pairs()]


def _code(folder: Path, side: str) -> str:
    return next(folder.glob(f"{side}.*")).read_text(encoding="utf-8").rstrip() + "\n"
