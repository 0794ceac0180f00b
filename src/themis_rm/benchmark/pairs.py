"""Reading of benchmark files: every row is either a usable pair or rejected under a reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from themis_rm.benchmark.authored import load_authored_pairs
from themis_rm.criteria import criterion, is_criterion
from themis_rm.errors import InputError, SettingError
from themis_rm.languages import get_benchmark_language
from themis_rm.models.protocol import NOT_UNICODE, is_unicode
from themis_rm.records import BenchmarkPair, Preference, text_fault
from themis_rm.results import TableView
from themis_rm.storage.digests import stable_digest, stable_id
from themis_rm.storage.json_lines import BadLine, read_json_lines
from themis_rm.storage.parquet import open_parquet, parquet_files, read_rows, require_text

AUTHORED = "authored"
"""Name of the benchmark that is part of this package."""

AGREES, DISAGREES, UNCHECKED = "agrees", "disagrees", "unchecked"
"""Values of the ``verified`` column: whether execution agrees with the label."""

NOT_VERIFIED = "verified-"
"""Prefix of the reasons under which pairs are rejected because of their ``verified`` column."""

Verified = Literal["any", "agrees"]
"""Which pairs of a verified benchmark are used: all, or those whose label agrees with execution."""

FULL_CONFIGURATION = "Full"
"""Configuration of a published dataset directory that contains all pairs; the other ones repeat them in parts."""


@dataclass(frozen=True, repr=False)
class Benchmark(TableView):
    """A benchmark in memory.

    Attributes:
        name: Name of its file or directory, or ``authored``.
        pairs: Usable pairs in their order; aspects and languages have their benchmark names.
        rejected: Rows that are not used: ``reason``, ``where`` and the content of the row.
        tasks: Pair id -> task, for the pairs with a ``group`` column; groups are distinct per source (or subset).
        digest: Digest of the usable pairs in their order, independent of the file format.
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

    def records(self) -> Sequence[dict[str, Any]]:
        """Return the usable pairs."""
        return [pair.to_dict() for pair in self.pairs]

    def summary(self) -> str:
        """Return the number of usable and rejected rows."""
        return f"{self.name}, {len(self.pairs):,} pairs, {len(self.rejected):,} rejected rows"


def pairs_digest(pairs: Iterable[BenchmarkPair]) -> str:
    """Return a digest of pairs in their order."""
    return stable_digest(str(value) for pair in pairs for value in pair.to_dict().values())


def read_benchmark(benchmark: str | Path, verified: Verified = "any") -> Benchmark:
    """Read a benchmark.

    Args:
        benchmark: ``authored``, a Parquet or JSONL file, or a directory with files of one of the two kinds. A Parquet
            file may also be a preference dataset. Of a dataset directory in the published layout (configurations
            ``Full``, ``Stratified_Aspect`` and ``Stratified_Language``, which contain the same pairs), ``Full`` is
            read; give the path of a configuration or file to read that one.
        verified: With ``agrees``, pairs with another value in the ``verified`` column are rejected.

    Raises:
        InputError: The path does not exist, a file is damaged, columns are missing, or no row is usable.
    """
    if str(benchmark) == AUTHORED:
        pairs = (pair.to_benchmark_pair() for pair in load_authored_pairs())
        return check_rows(AUTHORED, ((f"pair {pair.id}", pair.to_dict()) for pair in pairs), verified)
    path = Path(benchmark)
    if not path.exists():
        raise InputError(
            f"There is no benchmark {path}.", f"Set a Parquet or JSONL file, a directory, or '{AUTHORED}'."
        )
    path = path / FULL_CONFIGURATION if (path / FULL_CONFIGURATION).is_dir() else path
    json_files = sorted(path.rglob("*.jsonl")) if path.is_dir() else [path] if path.suffix == ".jsonl" else []
    read = check_rows(Path(benchmark).name, _json_rows(json_files) if json_files else _parquet_rows(path), verified)
    if not read.pairs:
        raise InputError(f"{path} has no usable pair.", f"Rejected rows: {read.reasons or 'none, it is empty'}.")
    return read


def _parquet_rows(path: Path) -> Iterator[tuple[str, Any]]:
    number = 0
    for file in parquet_files(path):
        with open_parquet(file) as handle:
            preferences = "prompt" not in handle.schema_arrow.names and "input" in handle.schema_arrow.names
            columns = (Preference if preferences else BenchmarkPair).required()
            require_text(handle, file, [name for name in columns if name not in _NOT_TEXT])
        for row in read_rows(file, columns):
            number += 1
            yield f"row {number}", from_preference(row) if preferences else row


_NOT_TEXT = {"id", "idx", "system"}
"""Columns of benchmark files that may be numbers, or are not used."""


def from_preference(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of a preference dataset with the columns of a benchmark; ``source`` becomes ``subset``."""
    names = {"id": "idx", "prompt": "input", "subset": "source"}
    return {column: row.get(names.get(column, column)) for column in BenchmarkPair.required()}


def _json_rows(files: Iterable[Path]) -> Iterator[tuple[str, Any]]:
    for file in files:
        checked = False
        for number, row in read_json_lines(file):
            if isinstance(row, dict) and not checked:
                _require_columns(file, row)
                checked = True
            yield f"{file.name}:{number}", row.text if isinstance(row, BadLine) else row


def _require_columns(file: Path, row: Mapping[str, Any]) -> None:
    missing = [name for name in BenchmarkPair.required() if name not in row]
    if missing:
        raise InputError(
            f"{file} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}.",
            f"It has: {', '.join(row)}.",
        )


def check_rows(name: str, rows: Iterable[tuple[str, Any]], verified: Verified = "any") -> Benchmark:
    """Separate rows into usable pairs and rejected rows.

    Args:
        name: Name of the benchmark.
        rows: Location of each row and the row itself; a row that is not a mapping is rejected.
        verified: With ``agrees``, pairs that were executed with another result, or not at all, are rejected.

    Raises:
        InputError: ``verified`` is ``agrees`` and a row has no ``verified`` column.
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
    """Return the pair of a row, or the reason why the row is rejected."""
    if not isinstance(row, dict):
        return "not-a-row"
    values: dict[str, Any] = {column: row.get(column) for column in BenchmarkPair.required()}
    values["id"] = _id_text(values["id"])
    fault = text_fault(values, values)
    if fault:
        return fault
    if not all(map(is_unicode, values.values())):
        return NOT_UNICODE
    empty = [column for column in ("id", "prompt", "chosen", "rejected") if not values[column].strip()]
    if empty:
        return "empty-response" if empty[0] in {"chosen", "rejected"} else f"empty-{empty[0]}"
    if values["id"] in seen:
        return "duplicate-id"
    if not is_criterion(values["aspect"]):
        return "unknown-aspect"
    values["aspect"] = criterion(values["aspect"]).benchmark_aspect
    try:
        values["language"] = get_benchmark_language(values["language"]).benchmark_name
    except SettingError:
        return "unknown-language"
    return BenchmarkPair(**values)


def _id_text(value: Any) -> Any:
    """Return the text of an id that is a whole number, which pandas writes as ``3.0`` in a column with gaps."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _as_verified(name: str, row: Mapping[str, Any], pair: BenchmarkPair) -> BenchmarkPair | str:
    if "verified" not in row:
        raise InputError(f"{name} has no column 'verified'.", "Run 'themis-rm benchmark verify' with --mark.")
    value = row["verified"]
    return pair if value == AGREES else NOT_VERIFIED + (value if value in {DISAGREES, UNCHECKED} else "unknown")
