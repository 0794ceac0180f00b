"""Reading of benchmark files: every row is either a usable pair or rejected under a reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from themis_rm.benchmark.authored import load_authored_pairs
from themis_rm.criteria import criterion, is_criterion
from themis_rm.dataset.adapters import FORMATS, PreferencePair
from themis_rm.dataset.adapters.sources import is_hub_name
from themis_rm.dataset.preferences import (
    DataSettings,
    PairFilter,
    PreferenceReader,
    RejectedRow,
    read_pairs,
    to_preference,
)
from themis_rm.errors import InputError, SettingError
from themis_rm.languages import get_benchmark_language
from themis_rm.records import BenchmarkPair, ConversationPair
from themis_rm.results import TableView
from themis_rm.storage.digests import stable_digest, stable_id
from themis_rm.storage.json_lines import BadLine
from themis_rm.storage.tables import table_files

AUTHORED = "authored"
"""Name of the benchmark that is part of this package."""

AGREES, DISAGREES, UNCHECKED = "agrees", "disagrees", "unchecked"
"""Values of the ``verified`` column: whether execution agrees with the label."""

NOT_VERIFIED = "verified-"
"""Prefix of the reasons under which pairs are rejected because of their ``verified`` column."""

Verified = Literal["any", "agrees"]
"""Which pairs of a verified benchmark are used: all, or those whose label agrees with execution."""

UNSPECIFIED = "unspecified"
"""Group of pairs that name no criterion, no language or no subset."""

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
        format: Name of the format of its rows.
        digest: Digest of the usable pairs in their order, independent of the file format.
    """

    name: str
    pairs: tuple[BenchmarkPair, ...]
    rejected: tuple[dict[str, Any], ...] = ()
    tasks: Mapping[str, str] = field(default_factory=dict)
    format: str = field(default="", compare=False)
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
    return stable_digest(str(value) for pair in pairs for value in pair.to_dict().values() if value is not None)


def read_benchmark(
    benchmark: str | Path, verified: Verified = "any", settings: DataSettings | None = None
) -> Benchmark:
    """Read a benchmark.

    Args:
        benchmark: ``authored``, preference data in any known format (a file or a directory of files), or a hub name. Of
            a dataset directory in the published layout (configurations ``Full``, ``Stratified_Aspect`` and
            ``Stratified_Language``, which contain the same pairs), ``Full`` is read; ``dataset_config`` or the path of
            a configuration reads that one.
        verified: With ``agrees``, pairs with another value in the ``verified`` column are rejected.
        settings: Format, columns and filters.

    Raises:
        InputError: The path does not exist, a file is damaged, no format fits, or no row is usable.
    """
    settings = settings or DataSettings()
    if str(benchmark) == AUTHORED:
        pairs = (pair.to_benchmark_pair() for pair in load_authored_pairs())
        return check_rows(AUTHORED, ((f"pair {pair.id}", pair.to_dict()) for pair in pairs), verified, settings)
    reader = PreferenceReader(benchmark_files(benchmark, settings), settings.reader_settings())
    collected = _Collector(Path(benchmark).name, reader.format.name, verified)
    for result, where, row in reader.pairs():
        collected.add(result, where, row)
    read = collected.benchmark()
    if not read.pairs:
        raise InputError(f"{benchmark} has no usable pair.", f"Rejected rows: {read.reasons}.")
    return read


def benchmark_files(benchmark: str | Path, settings: DataSettings | None = None) -> list[Path]:
    """Return the files of a benchmark.

    Args:
        benchmark: A file, directory or hub name; see :func:`read_benchmark`.
        settings: Configuration and split.

    Raises:
        InputError: It does not exist, or has no file that can be read.
        SettingError: It has no such configuration or split, or several splits that could be meant.
    """
    settings = settings or DataSettings()
    path = Path(benchmark)
    if not is_hub_name(benchmark) and not path.exists():
        raise InputError(
            f"There is no benchmark {path}.", f"Set a file, a directory, a hub name (OWNER/NAME), or '{AUTHORED}'."
        )
    if is_hub_name(benchmark) or settings.dataset_split or settings.dataset_config:
        found = settings.find_files(benchmark, FULL_CONFIGURATION)
        return list(found.test or found.validation or found.train)
    return table_files(path / FULL_CONFIGURATION if (path / FULL_CONFIGURATION).is_dir() else path)


def check_rows(
    name: str, rows: Iterable[tuple[str, Any]], verified: Verified = "any", settings: DataSettings | None = None
) -> Benchmark:
    """Separate rows in the columns of a benchmark into usable pairs and rejected rows.

    Args:
        name: Name of the benchmark.
        rows: Location of each row and the row itself; a row that is not a mapping is rejected.
        verified: With ``agrees``, pairs that were executed with another result, or not at all, are rejected.
        settings: Filters.

    Raises:
        InputError: ``verified`` is ``agrees`` and a row has no ``verified`` column.
    """
    collected, wanted = _Collector(name, _COLUMNS, verified), PairFilter.of(settings or DataSettings())
    for where, row in rows:
        for result in read_pairs(FORMATS.get(_COLUMNS), where, row, wanted):
            collected.add(result, where, row)
    return collected.benchmark()


_COLUMNS = "themis-benchmark"


@dataclass
class _Collector:
    """Pairs, rejected rows and tasks of a benchmark that is being read."""

    name: str
    form: str
    verified: Verified
    pairs: dict[str, BenchmarkPair] = field(default_factory=dict)
    rejected: list[dict[str, Any]] = field(default_factory=list)
    tasks: dict[str, str] = field(default_factory=dict)

    def add(self, result: PreferencePair | RejectedRow, where: str, row: Any) -> None:
        """Add a pair or a rejected row."""
        found = result.reason if isinstance(result, RejectedRow) else self._check(result, row)
        if isinstance(found, str):
            content = row.text if isinstance(row, BadLine) else row
            self.rejected.append({"reason": found, "where": where, "row": content})
            return
        self.pairs[found.id] = found
        group = row.get("group") or (result.group if isinstance(result, PreferencePair) else "")
        if group:
            self.tasks[found.id] = stable_id(str(row.get("source") or found.subset), str(group))

    def _check(self, pair: PreferencePair, row: Mapping[str, Any]) -> BenchmarkPair | str:
        found = to_benchmark_pair(pair, self.form)
        if found.id in self.pairs:
            return "duplicate-id"
        return _as_verified(self.name, row, found) if self.verified == AGREES else found

    def benchmark(self) -> Benchmark:
        """Return what was collected."""
        return Benchmark(self.name, tuple(self.pairs.values()), tuple(self.rejected), self.tasks, self.form)


def to_benchmark_pair(pair: PreferencePair, form: str) -> BenchmarkPair:
    """Return a pair with the names of criterion and language that benchmarks use.

    Names that are not known are kept; a missing one is :data:`UNSPECIFIED`. The system message of a row in the columns
    of the published preference data is a criteria prompt of training and is left out.

    Args:
        pair: The pair.
        form: Name of the format that it was read in.
    """
    row = to_preference(pair, {})
    turns = pair.prompt if form != "themis" or not row.system else pair.prompt[1:]
    plain = len(turns) == 1 and row.messages is None
    stored: dict[str, Any] = {
        "messages": None if plain else turns,
        "chosen_messages": row.chosen_messages,
        "rejected_messages": row.rejected_messages,
    }
    values: dict[str, Any] = {
        "id": row.idx,
        "prompt": row.input,
        "chosen": row.chosen,
        "rejected": row.rejected,
        "aspect": criterion(pair.aspect).benchmark_aspect if is_criterion(pair.aspect) else pair.aspect or UNSPECIFIED,
        "language": _language(pair.language) or UNSPECIFIED,
        "subset": pair.subset or UNSPECIFIED,
    }
    return ConversationPair(**values, **stored) if any(stored.values()) else BenchmarkPair(**values)


def _language(name: str) -> str:
    try:
        return get_benchmark_language(name).benchmark_name if name else ""
    except SettingError:
        return name


def _as_verified(name: str, row: Mapping[str, Any], pair: BenchmarkPair) -> BenchmarkPair | str:
    if "verified" not in row:
        raise InputError(f"{name} has no column 'verified'.", "Run 'themis-rm benchmark verify' with --mark.")
    value = row["verified"]
    return pair if value == AGREES else NOT_VERIFIED + (value if value in {DISAGREES, UNCHECKED} else "unknown")
