"""Benchmark files to pairs: every row is either a usable pair or kept aside under a reason."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from themis_rm.benchmark.authored import load_authored_pairs
from themis_rm.criteria import criterion, is_criterion
from themis_rm.errors import InputError, SettingError
from themis_rm.languages import get_language
from themis_rm.models.protocol import is_unicode
from themis_rm.records import BenchmarkPair, Preference
from themis_rm.storage.digests import stable_digest, stable_id
from themis_rm.storage.parquet import open_parquet, parquet_files, read_rows

AUTHORED = "authored"
"""Name of the benchmark that is part of this package."""

AGREES, DISAGREES, UNCHECKED = "agrees", "disagrees", "unchecked"
"""Values of the ``verified`` column: what execution says of a label."""

NOT_VERIFIED = "verified-"
"""How the reason of a pair begins that is left out for what its ``verified`` column says."""

Verified = Literal["any", "agrees"]
"""Which pairs of a verified benchmark are used: all, or those whose label agrees with what execution showed."""

WHOLE = "Full"
"""The configuration of a published dataset folder that holds all pairs; the others hold them again, in parts."""


@dataclass(frozen=True)
class Benchmark:
    """A benchmark, read whole.

    Attributes:
        name: Its file's or folder's name, or ``authored``.
        pairs: Usable pairs, in their order, aspects and languages under their benchmark names.
        rejected: Rows that are not used: ``reason``, ``where`` and what the row held.
        tasks: Pair id -> task, for the pairs whose ``group`` column names one within their source (or subset).
        digest: Hash of the usable pairs in their order; the file format does not change it.
    """

    name: str
    pairs: tuple[BenchmarkPair, ...]
    rejected: tuple[dict[str, Any], ...] = ()
    tasks: Mapping[str, str] = field(default_factory=dict)
    digest: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", pairs_digest(self.pairs))

    @property
    def reasons(self) -> dict[str, int]:
        """Return reason -> number of rejected rows."""
        return dict(sorted(Counter(row["reason"] for row in self.rejected).items()))


def pairs_digest(pairs: Iterable[BenchmarkPair]) -> str:
    """Return a hash of pairs in their order."""
    return stable_digest(str(value) for pair in pairs for value in pair.to_dict().values())


def read_benchmark(benchmark: str | Path, verified: Verified = "any") -> Benchmark:
    """Read a benchmark.

    Args:
        benchmark: ``authored``, a Parquet or JSONL file, or a folder that holds files of one of the two kinds. Parquet
            may also hold a preference dataset. Of a dataset folder in the published layout (configurations ``Full``,
            ``Stratified_Aspect`` and ``Stratified_Language``, the same pairs whole and in parts) ``Full`` is read; name
            a configuration's folder, or one of its files, to read that.
        verified: With ``agrees``, pairs whose ``verified`` column says something else are rejected.

    Raises:
        InputError: There is nothing to read, a file is damaged, columns are missing, or not one row is usable.
    """
    if benchmark == AUTHORED:
        return check_rows(AUTHORED, ((f"pair {pair.id}", pair.to_dict()) for pair in load_authored_pairs()), verified)
    path = Path(benchmark)
    if not path.exists():
        raise InputError(f"There is no benchmark {path}.", f"Give a Parquet or JSONL file, a folder, or '{AUTHORED}'.")
    path = path / WHOLE if (path / WHOLE).is_dir() else path
    lines = sorted(path.rglob("*.jsonl")) if path.is_dir() else [path] if path.suffix == ".jsonl" else []
    read = check_rows(Path(benchmark).name, _json_rows(lines) if lines else _parquet_rows(path), verified)
    if not read.pairs:
        raise InputError(f"{path} has no usable pair.", f"Rows not used: {read.reasons or 'none, it is empty'}.")
    return read


def _parquet_rows(path: Path) -> Iterator[tuple[str, Any]]:
    number = 0
    for file in parquet_files(path):
        with open_parquet(file) as handle:
            preferences = "prompt" not in handle.schema_arrow.names and "input" in handle.schema_arrow.names
        for row in read_rows(file, (Preference if preferences else BenchmarkPair).required()):
            number += 1
            yield f"row {number}", from_preference(row) if preferences else row


def from_preference(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of a preference dataset under the column names of a benchmark; ``source`` becomes ``subset``."""
    names = {"id": "idx", "prompt": "input", "subset": "source"}
    return {column: row.get(names.get(column, column)) for column in BenchmarkPair.required()}


def _json_rows(files: Iterable[Path]) -> Iterator[tuple[str, Any]]:
    for file in files:
        checked = False
        with file.open("rb") as handle:
            for number, line in enumerate(handle, 1):
                if not line.strip():
                    continue
                where = f"{file.name}:{number}"
                try:
                    row = json.loads(line)
                except ValueError:
                    yield where, line.decode("utf-8", "replace").rstrip("\n")
                    continue
                if isinstance(row, dict) and not checked:
                    _require_columns(file, row)
                    checked = True
                yield where, row


def _require_columns(file: Path, row: Mapping[str, Any]) -> None:
    missing = [name for name in BenchmarkPair.required() if name not in row]
    if missing:
        raise InputError(
            f"{file} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}.",
            f"It has: {', '.join(row)}.",
        )


def check_rows(name: str, rows: Iterable[tuple[str, Any]], verified: Verified = "any") -> Benchmark:
    """Sort rows into usable pairs and rejected ones.

    Args:
        name: Name of the benchmark.
        rows: Where a row stands, and the row (anything but a mapping is rejected).
        verified: With ``agrees``, a pair that was executed with another result, or not at all, is rejected.

    Raises:
        InputError: Pairs that agree are asked for, and a row does not say what execution showed.
    """
    pairs: list[BenchmarkPair] = []
    rejected: list[dict[str, Any]] = []
    tasks: dict[str, str] = {}
    seen: set[str] = set()
    for where, row in rows:
        checked = _check(row, seen)
        if isinstance(checked, BenchmarkPair):
            seen.add(checked.id)
            checked = _as_verified(name, row, checked) if verified == AGREES else checked
        if isinstance(checked, BenchmarkPair):
            pairs.append(checked)
            if row.get("group"):
                tasks[checked.id] = stable_id(str(row.get("source") or checked.subset), str(row["group"]))
        else:
            rejected.append({"reason": checked, "where": where, "row": row})
    return Benchmark(name, tuple(pairs), tuple(rejected), tasks)


def _check(row: Any, seen: set[str]) -> BenchmarkPair | str:
    """Return the pair that a row holds, or the reason why it holds none."""
    if not isinstance(row, dict):
        return "not-a-row"
    values: dict[str, Any] = {column: row.get(column) for column in BenchmarkPair.required()}
    if isinstance(values["id"], int):
        values["id"] = str(values["id"])
    if any(not isinstance(value, str) for value in values.values()):
        return "missing-value"
    if not all(map(is_unicode, values.values())):
        return "not-unicode"
    empty = [column for column in ("id", "prompt", "chosen", "rejected") if not values[column].strip()]
    if empty:
        return "empty-response" if empty[0] in {"chosen", "rejected"} else f"empty-{empty[0]}"
    if values["id"] in seen:
        return "duplicate-id"
    if not is_criterion(values["aspect"]):
        return "unknown-aspect"
    values["aspect"] = criterion(values["aspect"]).benchmark_aspect
    try:
        values["language"] = get_language(values["language"]).benchmark_name
    except SettingError:
        return "unknown-language"
    return BenchmarkPair(**values)


def _as_verified(name: str, row: Mapping[str, Any], pair: BenchmarkPair) -> BenchmarkPair | str:
    if "verified" not in row:
        raise InputError(f"{name} has no column 'verified'.", "'benchmark verify' with --mark writes a copy with it.")
    said = row["verified"]
    return pair if said == AGREES else NOT_VERIFIED + (said if said in {DISAGREES, UNCHECKED} else "unknown")
