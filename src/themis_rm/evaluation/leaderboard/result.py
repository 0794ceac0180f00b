"""The leaderboard as a result: everything that tables, CSV, JSON and the HTML page show of many runs."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

import themis_rm
from themis_rm.criteria import CRITERIA
from themis_rm.errors import InputError
from themis_rm.evaluation.columns import accuracy_record, format_percent
from themis_rm.evaluation.failures import MIN_SCORED
from themis_rm.evaluation.leaderboard.accuracies import AccuracyTable, MacroAverage
from themis_rm.evaluation.leaderboard.comparisons import PairwiseComparisons
from themis_rm.evaluation.leaderboard.results_check import ResultMismatch
from themis_rm.evaluation.leaderboard.runs import Notice, RunSet, ScoredRun
from themis_rm.evaluation.leaderboard.score_files import CRITERION_NAMES, LANGUAGE_NAMES, OTHER
from themis_rm.evaluation.leaderboard.slices import Slice
from themis_rm.evaluation.reference import runs as reference
from themis_rm.evaluation.statistics import Resampling
from themis_rm.records import BenchmarkPair
from themis_rm.results import TableView
from themis_rm.settings import Settings
from themis_rm.storage.atomic import write_text
from themis_rm.storage.input_files import read_text
from themis_rm.storage.json_text import parse_json

SCHEMA = 1
"""Version of the JSON format."""


class LeaderboardSettings(Settings):
    """How a leaderboard is computed."""

    confidence_level: float = Field(default=0.95, gt=0.5, lt=1)
    """Confidence level of the intervals; groups and ranks use the significance level ``1 - confidence_level``."""
    n_resamples: int = Field(default=10_000, ge=100)
    """Bootstrap samples for macro averages; all other intervals are exact."""
    seed: int = 0
    """Seed of the bootstrap."""
    max_length_ratio: float = Field(default=1.1, ge=1)
    """Largest ratio of response lengths, in characters, of length-matched pairs."""
    min_scored: float = Field(default=MIN_SCORED, ge=0, le=1)
    """Smallest share of its pairs that a run must have scored. A run with fewer, or none, is not evaluated: a notice
    instead of a row."""
    reference: bool = True
    """Add published models without public pair scores, if the benchmark is the published one."""

    @property
    def resampling(self) -> Resampling:
        """Return the parameters of the bootstrap."""
        return Resampling(self.n_resamples, self.confidence_level, self.seed)


@dataclass(frozen=True, slots=True)
class LeaderboardEntry:
    """A row of the leaderboard.

    Attributes:
        name: Unique name.
        kind: ``model`` and ``baseline`` have pair scores; ``reference`` has only published aggregate figures: strict
            accuracies without intervals, cells or tests.
        judge: ``scalar`` or ``generative``; empty if unknown.
        series: Models of one training recipe in several sizes; empty for a single model.
        parameters: Nominal parameters in billions; ``None`` if unknown.
        hub: Hub repository; may be empty.
        prompts: Prompt mode of the run (``none``, ``all`` or ``own``); empty if unknown.
        prompt_digest: Hash of the prompt set; empty if unknown.
        model_digest: Hash of the model; empty if unknown.
        note: What a reader must know about its published figures.
    """

    name: str
    kind: Literal["model", "baseline", "reference"]
    judge: str = ""
    series: str = ""
    parameters: float | None = None
    hub: str = ""
    prompts: str = ""
    prompt_digest: str = ""
    model_digest: str = ""
    note: str = ""


@dataclass(frozen=True, repr=False)
class Leaderboard(TableView):
    """Comparison of many runs on one benchmark.

    Attributes:
        settings: How it was computed.
        entries: Runs with pair scores by headline accuracy (ties half), best first; then reference entries by strict
            accuracy. The arrays below index the runs with pair scores from 0.
        slices: Columns of the arrays.
        accuracies: Accuracies of scored entries, ``[scored, slices]``.
        reference_strict: Strict accuracies of reference entries, ``[reference entries, slices]``; NaN if not published.
        macro: Macro averages over criteria, languages, and length if lengths are known.
        comparisons: Tests of all pairs of scored entries, for all pairs of the benchmark, each criterion and language.
        runs: Ids, labels and outcomes; its runs in the order of ``entries``.
        pairs: Texts in the order of ``runs.ids`` (``None`` for an id without text), if the benchmark was given.
        mismatches: Figures of ``results.json`` files that differ from those computed from the scores.
        notices: Problems of the input that a reader must know.
        benchmark: Name of the benchmark; empty if unknown.
    """

    settings: LeaderboardSettings
    entries: tuple[LeaderboardEntry, ...]
    slices: tuple[Slice, ...]
    accuracies: AccuracyTable
    reference_strict: NDArray[np.float64]
    macro: tuple[MacroAverage, ...]
    comparisons: tuple[PairwiseComparisons, ...]
    runs: RunSet
    pairs: tuple[BenchmarkPair | None, ...] | None
    mismatches: tuple[ResultMismatch, ...]
    notices: tuple[Notice, ...]
    benchmark: str = ""

    @property
    def scored(self) -> int:
        """Return the number of entries with pair scores."""
        return len(self.runs.runs)

    def find_slice(self, key: str) -> int | None:
        """Return the column of a slice by its key, or ``None``."""
        return next((index for index, part in enumerate(self.slices) if part.key == key), None)

    def comparison(self, key: str) -> PairwiseComparisons | None:
        """Return the tests of a slice by its key, or ``None``."""
        return next((item for item in self.comparisons if item.slice.key == key), None)

    def display_order(self) -> list[int]:
        """Return the indices of all entries by accuracy, best first; reference entries by strict accuracy."""
        headline = [*self.accuracies.value[:, 0].tolist(), *self.reference_strict[:, 0].tolist()]
        return sorted(range(len(headline)), key=lambda index: (-headline[index], index))

    def records(self) -> list[dict[str, Any]]:
        """Return one row per model: rank, accuracy over all pairs, and accuracy by criterion (short names)."""
        return [self._record(index) for index in self.display_order()]

    def _record(self, index: int) -> dict[str, Any]:
        entry = self.entries[index]
        columns = [(row.short, self.find_slice(row.benchmark_aspect)) for row in CRITERIA]
        if index >= self.scored:
            strict = self.reference_strict[index - self.scored]
            figures: dict[str, Any] = dict.fromkeys(accuracy_record(self.accuracies.accuracy(0, 0)))
            figures["strict"] = float(strict[0])
            by_criterion = {name: float(strict[column]) for name, column in columns if column is not None}
            return {"rank": "", "model": entry.name, "kind": entry.kind, **figures, **by_criterion, "group": ""}
        tests = self.comparison("all")
        values = self.accuracies.value[index]
        return {
            "rank": self.rank(index),
            "model": entry.name,
            "kind": entry.kind,
            **accuracy_record(self.accuracies.accuracy(index, 0)),
            **{name: _or_none(values[column]) for name, column in columns if column is not None},
            "group": tests.letters[index] if tests else "",
        }

    def rank(self, index: int) -> str:
        """Return the rank of a scored entry over all pairs, as an interval such as ``2–4`` if tests leave it open."""
        tests = self.comparison("all")
        best, worst = tests.ranks[index].tolist() if tests else (1, 1)
        return f"{best}" if best == worst else f"{best}–{worst}"

    def summary(self) -> str:
        """Return the number of models and pairs, and the best model, in one line."""
        best = self.entries[0]
        accuracy = format_percent(float(self.accuracies.value[0, 0]))
        return f"{len(self.entries)} models on {len(self.runs.ids):,} pairs, best: {best.name} ({accuracy} %)"

    def to_json(self, texts: bool = False) -> str:
        """Return the leaderboard as one JSON object; equal leaderboards give equal text.

        Missing figures are ``null``, floats have six significant digits. Keys, with S scored entries, R reference
        entries, C slices, P = S (S - 1) / 2 comparisons and N ids:

        - ``schema``: 1. ``version``: of this package. ``settings``: as :class:`LeaderboardSettings`.
        - ``benchmark``: ``name``, ``pairs`` (N), ``ids_digest``, ``published`` (whether these are the ids of
          CodeRewardBench).
        - ``source``: of the reference figures; ``null`` without any.
        - ``entries``: S + R objects as :class:`LeaderboardEntry`. ``scored``: S.
        - ``slices``: C objects: ``key``, ``title``, ``kind``, ``criterion``, ``language``, ``subset``, ``pairs``.
        - ``accuracies``: arrays ``[S][C]`` of ``n, wins, ties, failed, missing, value, low, high, strict, tie_rate``
          (shares between 0 and 1). ``reference_strict``: ``[R][C]``.
        - ``macro``: for each kind of strata ``value``, ``low``, ``high``, each ``[S]``.
        - ``comparisons``: one object per tested slice: ``slice`` (key); ``[P]`` arrays in the order (0, 1), (0, 2),
          ..., (1, 2), ...: ``n, unshared, difference, low, high, p_value, p_holm, only_first, only_second, p_mcnemar,
          mcnemar_holm``; ``groups`` (indices of entries), ``letters`` ``[S]``, ``ranks`` ``[S][2]``.
        - ``runs``: S objects: ``name``, ``kind``.
        - ``pairs``: ``ids`` ``[N]``; ``criteria``, ``languages``, ``subsets``: the names that the codes index;
          ``criterion``, ``language``, ``subset``: codes ``[N]``; ``lengths`` ``[2][N]`` or ``null``; ``outcomes``: S
          strings of N digits: 0 lost, 1 tied, 2 won, 3 failed, 4 missing; ``texts``: ``[N][prompt, chosen, rejected]``
          or ``null``.
        - ``mismatches``, ``notices``: as :class:`ResultMismatch` and :class:`Notice`.

        Args:
            texts: Include the texts, if the leaderboard has them.
        """
        return json.dumps(self.to_dict(texts), ensure_ascii=False, separators=(",", ":"), allow_nan=False)

    def save(self, path: str | Path, texts: bool = False) -> None:
        """Write :meth:`to_json` to a file, atomically."""
        write_text(path, self.to_json(texts) + "\n")

    @classmethod
    def load(cls, path: str | Path) -> Leaderboard:
        """Read a leaderboard; scores of single responses and paths of runs are not part of the file.

        Raises:
            InputError: The file cannot be read, or is not a leaderboard.
        """
        try:
            return _from_dict(parse_json(read_text(path)))
        except (ValueError, KeyError, TypeError, IndexError) as error:
            hint = "Give the file that leaderboard --json wrote."
            raise InputError(f"{path} is not a valid leaderboard ({error!r}).", hint) from error

    def to_dict(self, texts: bool = False) -> dict[str, Any]:
        """Return the content of :meth:`to_json` as plain data."""
        published = reference.load()
        return {
            "schema": SCHEMA,
            "version": themis_rm.__version__,
            "settings": self.settings.model_dump(mode="json"),
            "benchmark": {
                "name": self.benchmark,
                "pairs": len(self.runs.ids),
                "ids_digest": self.runs.digest,
                "published": self.runs.digest == published.ids_digest,
            },
            "source": published.source if len(self.entries) > self.scored else None,
            "entries": [asdict(entry) for entry in self.entries],
            "scored": self.scored,
            "slices": [part.to_dict() for part in self.slices],
            "accuracies": {name: _to_lists(getattr(self.accuracies, name)) for name in _field_names(AccuracyTable)},
            "reference_strict": _to_lists(self.reference_strict),
            "macro": {item.over: {name: _to_lists(getattr(item, name)) for name in _ENDS} for item in self.macro},
            "comparisons": [_comparisons_to_dict(item) for item in self.comparisons],
            "runs": [{"name": run.name, "kind": run.kind} for run in self.runs.runs],
            "pairs": self._pairs_to_dict(texts),
            "mismatches": [asdict(item) for item in self.mismatches],
            "notices": [asdict(item) for item in self.notices],
        }

    def _pairs_to_dict(self, texts: bool) -> dict[str, Any]:
        contents = None
        if texts and self.pairs is not None:
            contents = [pair and [pair.prompt, pair.chosen, pair.rejected] for pair in self.pairs]
        return {
            "ids": self.runs.ids,
            "criteria": _with_other(CRITERION_NAMES, self.runs.criteria),
            "languages": _with_other(LANGUAGE_NAMES, self.runs.languages),
            "subsets": self.runs.subset_names,
            "criterion": self.runs.criteria.tolist(),
            "language": self.runs.languages.tolist(),
            "subset": self.runs.subsets.tolist(),
            "lengths": None if self.runs.lengths is None else self.runs.lengths.tolist(),
            "outcomes": [(run.outcomes + ord("0")).tobytes().decode("ascii") for run in self.runs.runs],
            "texts": contents,
        }


_ENDS = ("value", "low", "high")
_COMPARISON_COUNTS = ("n", "unshared", "only_first", "only_second")
_COMPARISON_FIGURES = ("difference", "low", "high", "p_value", "p_holm", "p_mcnemar", "mcnemar_holm")
_INTEGERS = frozenset({"n", "wins", "ties", "failed", "missing", "ranks", *_COMPARISON_COUNTS})


def _with_other(names: Sequence[str], codes: NDArray[np.uint8]) -> list[str]:
    """Return the names that codes point to, with :data:`OTHER` if a pair has it."""
    return [*names, OTHER] if len(codes) and codes.max() == len(names) else list(names)


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _field_names(kind: type) -> list[str]:
    return list(kind.__dataclass_fields__)  # type: ignore[attr-defined]


def _comparisons_to_dict(item: PairwiseComparisons) -> dict[str, Any]:
    arrays = {name: _to_lists(getattr(item, name)) for name in (*_COMPARISON_COUNTS, *_COMPARISON_FIGURES, "ranks")}
    return {"slice": item.slice.key, **arrays, "groups": item.groups, "letters": item.letters}


def _to_lists(values: NDArray[Any]) -> Any:
    """Return nested lists: integers as they are, floats with six significant digits, NaN as ``None``."""
    if values.dtype.kind in "iu":
        return values.tolist()
    if values.ndim > 1:
        return [_to_lists(row) for row in values]
    return [None if np.isnan(value) else float(f"{value:.6g}") for value in values.tolist()]


def _from_dict(data: dict[str, Any]) -> Leaderboard:
    if data["schema"] != SCHEMA:
        raise ValueError(f"schema {data['schema']}, expected {SCHEMA}")
    slices = tuple(Slice(**{name: row[name] for name in _field_names(Slice)}) for row in data["slices"])
    by_key = {part.key: part for part in slices}
    return Leaderboard(
        settings=LeaderboardSettings.build(data["settings"]),
        entries=tuple(LeaderboardEntry(**row) for row in data["entries"]),
        slices=slices,
        accuracies=AccuracyTable(**_arrays(data["accuracies"], _field_names(AccuracyTable))),
        reference_strict=np.array(data["reference_strict"], dtype=np.float64).reshape(-1, len(slices)),
        macro=tuple(
            MacroAverage(over, *(np.array(item[name], dtype=np.float64) for name in _ENDS))
            for over, item in data["macro"].items()
        ),
        comparisons=tuple(_comparisons_from_dict(by_key[row["slice"]], row) for row in data["comparisons"]),
        runs=_runs_from_dict(data),
        pairs=_pairs_from_dict(data["pairs"]),
        mismatches=tuple(ResultMismatch(**row) for row in data["mismatches"]),
        notices=tuple(Notice(**row) for row in data["notices"]),
        benchmark=data["benchmark"]["name"],
    )


def _arrays(values: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    types = {name: np.int64 if name in _INTEGERS else np.float64 for name in names}
    return {name: np.array(values[name], dtype=kind) for name, kind in types.items()}


def _comparisons_from_dict(part: Slice, row: dict[str, Any]) -> PairwiseComparisons:
    first, second = np.triu_indices(len(row["letters"]), 1)
    return PairwiseComparisons(
        slice=part,
        first=first,
        second=second,
        **_arrays(row, (*_COMPARISON_COUNTS, *_COMPARISON_FIGURES, "ranks")),
        groups=tuple(tuple(group) for group in row["groups"]),
        letters=tuple(row["letters"]),
    )


def _runs_from_dict(data: dict[str, Any]) -> RunSet:
    pairs = data["pairs"]
    size = len(pairs["ids"])
    codes = {name: np.array(pairs[name], dtype=np.uint8) for name in ("criterion", "language", "subset")}
    runs = tuple(
        ScoredRun(
            name=row["name"],
            kind=row["kind"],
            path=None,
            results=None,
            scores=np.full((2, size), np.nan),
            outcomes=np.frombuffer(digits.encode("ascii"), dtype=np.uint8) - ord("0"),
        )
        for row, digits in zip(data["runs"], pairs["outcomes"], strict=True)
    )
    return RunSet(
        ids=tuple(pairs["ids"]),
        criteria=codes["criterion"],
        languages=codes["language"],
        subset_names=tuple(pairs["subsets"]),
        subsets=codes["subset"],
        lengths=None if pairs["lengths"] is None else np.array(pairs["lengths"], dtype=np.int64),
        runs=runs,
        notices=(),
        digest=data["benchmark"]["ids_digest"],
    )


def _pairs_from_dict(pairs: dict[str, Any]) -> tuple[BenchmarkPair | None, ...] | None:
    if pairs["texts"] is None:
        return None
    labels: Sequence[tuple[str, str, str]] = [
        (pairs["criteria"][one], pairs["languages"][two], pairs["subsets"][three])
        for one, two, three in zip(pairs["criterion"], pairs["language"], pairs["subset"], strict=True)
    ]
    return tuple(
        None
        if texts is None
        else BenchmarkPair(
            id=key, prompt=texts[0], chosen=texts[1], rejected=texts[2], aspect=aspect, language=language, subset=subset
        )
        for key, texts, (aspect, language, subset) in zip(pairs["ids"], pairs["texts"], labels, strict=True)
    )
