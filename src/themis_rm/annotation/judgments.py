"""Judgments of readers: JSON Lines files that the page of ``browse`` saves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from themis_rm.storage.json_lines import BadLine, read_json_lines

RIGHT, WRONG, UNSURE = "right", "wrong", "unsure"
VERDICTS = (RIGHT, WRONG, UNSURE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgment:
    """What a reader answered on a row.

    Attributes:
        reader: Name of the reader.
        id: Id of the row.
        digest: Digest of what was judged.
        criterion: Criterion of the label.
        verdict: Whether the label is ``right``, ``wrong``, or the reader is ``unsure``; ``None`` for no answer.
        self_contained: Whether the request can be answered without other files; ``None`` for no answer.
        leaks: Whether the request reveals which version is better; ``None`` for no answer.
        time: When the answer was given (ISO 8601).
    """

    reader: str
    id: str
    digest: str
    criterion: str = ""
    verdict: str | None = None
    self_contained: bool | None = None
    leaks: bool | None = None
    time: str = ""


@dataclass(frozen=True)
class JudgmentSet:
    """The usable judgments, and why others are not used.

    Attributes:
        by_row: Digest of a row -> reader -> judgment.
        rejected: Reason -> number of lines.
        read: Number of lines.
    """

    by_row: dict[str, dict[str, Judgment]] = field(default_factory=dict)
    rejected: Counter[str] = field(default_factory=Counter)
    read: int = 0

    @property
    def readers(self) -> list[str]:
        """The names of the readers, sorted."""
        return sorted({reader for judgments in self.by_row.values() for reader in judgments})


def read_judgments(files: Iterable[str | Path], digests: Mapping[str, Container[str]]) -> JudgmentSet:
    """Read judgments of the rows of a dataset; of several by a reader on one row, the latest counts.

    Reasons: ``not-json``, ``not-a-judgment``, ``unknown-row`` (no row has the id), ``other-digest`` (the row with the
    id has other texts or another criterion), ``replaced`` (there is a later one).

    Args:
        files: Files, in JSON Lines.
        digests: Id of a row -> digests of the rows that have it.

    Raises:
        InputError: A file cannot be read.
    """
    found = JudgmentSet()
    read = 0
    for file in files:
        for _, line in read_json_lines(file):
            read += 1
            judgment = _parse(line, Path(file).name.partition(".")[0])
            if not isinstance(judgment, str) and judgment.digest not in digests.get(judgment.id, ()):
                judgment = "other-digest" if judgment.id in digests else "unknown-row"
            if isinstance(judgment, str):
                found.rejected[judgment] += 1
            else:
                _add(found, judgment)
    return JudgmentSet(found.by_row, found.rejected, read)


def _add(found: JudgmentSet, judgment: Judgment) -> None:
    of_row = found.by_row.setdefault(judgment.digest, {})
    known = of_row.get(judgment.reader)
    if known is not None:
        found.rejected["replaced"] += 1
    if known is None or judgment.time >= known.time:
        of_row[judgment.reader] = judgment


def _parse(line: Any, default_reader: str) -> Judgment | str:
    """Return a judgment, or the reason why a line is not used; a judgment without reader has the name of the file."""
    if isinstance(line, BadLine):
        return "not-json"
    if not isinstance(line, dict):
        return "not-a-judgment"
    given = {name: line.get(name) for name in ("reader", "id", "digest", "criterion", "time")}
    texts = {name: "" if value is None else value for name, value in given.items()}
    answers: dict[str, bool | None] = {name: line.get(name) for name in ("self_contained", "leaks")}
    verdict = line.get("verdict")
    if not all(isinstance(text, str) for text in texts.values()) or not (texts["id"] and texts["digest"]):
        return "not-a-judgment"
    if verdict is not None and verdict not in VERDICTS:
        return "not-a-judgment"
    if not all(answer is None or isinstance(answer, bool) for answer in answers.values()):
        return "not-a-judgment"
    texts["reader"] = texts["reader"].strip() or default_reader
    values: dict[str, Any] = {**texts, **answers, "verdict": verdict}
    return Judgment(**values)
