"""Read runs and align them on one set of ids; whatever does not fit is reported as a notice.

The ids are the union of the runs' ids in sorted order, so the order of the runs only decides whose labels are used if
two runs contradict each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from themis_rm.benchmark.pairs import Benchmark
from themis_rm.errors import InputError
from themis_rm.evaluation.failures import MIN_SCORED
from themis_rm.evaluation.leaderboard.score_files import LOST, MISSING, TIED, WON, ScoreFile, read_score_file
from themis_rm.evaluation.results import EvaluationResults
from themis_rm.progress import track
from themis_rm.storage.digests import stable_digest

SCORES, RESULTS = "scores.parquet", "results.json"
LENGTH = "length"


@dataclass(frozen=True, slots=True)
class Notice:
    """A problem of the input that a reader of the figures must know.

    Attributes:
        run: Name of the run; empty if it concerns the leaderboard as a whole.
        reason: A slug such as ``missing-ids``.
        count: Number of affected rows or figures.
        text: Description in one line.
    """

    run: str
    reason: str
    count: int
    text: str

    def __str__(self) -> str:
        return f"{self.run}: {self.text}" if self.run else self.text


@dataclass(frozen=True)
class ScoredRun:
    """A run, aligned with the ids of its :class:`RunSet`.

    Attributes:
        name: Unique name: the model's name, followed by the prompt mode or directory if two models have the same name.
        kind: ``model`` or ``baseline``.
        path: The score file; ``None`` for scores that were computed from lengths.
        results: Its ``results.json``, if there is one.
        scores: Shape ``[2, ids]``, chosen and rejected; NaN where failed or missing.
        outcomes: Shape ``[ids]``, ``LOST`` to ``MISSING``.
        marks_failures: Whether the score file says which rows could not be scored.
    """

    name: str
    kind: Literal["model", "baseline"]
    path: Path | None
    results: EvaluationResults | None
    scores: NDArray[np.float64]
    outcomes: NDArray[np.uint8]
    marks_failures: bool = True


@dataclass(frozen=True)
class RunSet:
    """Runs of one benchmark, aligned on the same ids.

    Attributes:
        ids: Shape ``[ids]``, sorted.
        criteria: Shape ``[ids]``, index into ``CRITERION_NAMES``, or their number for another criterion.
        languages: Shape ``[ids]``, index into ``LANGUAGE_NAMES``, or their number for another language.
        subset_names: Sorted.
        subsets: Shape ``[ids]``, index into ``subset_names``.
        lengths: Shape ``[2, ids]``, characters of chosen and rejected, 0 where unknown; ``None`` if all are unknown.
        runs: In the given order, baselines last.
        notices: Problems of the input.
        digest: Hash of the ids.
    """

    ids: tuple[str, ...]
    criteria: NDArray[np.uint8]
    languages: NDArray[np.uint8]
    subset_names: tuple[str, ...]
    subsets: NDArray[np.uint8]
    lengths: NDArray[np.int64] | None
    runs: tuple[ScoredRun, ...]
    notices: tuple[Notice, ...]
    digest: str


@dataclass(frozen=True)
class _RunInput:
    name: str
    directory: str
    prompts: str
    kind: Literal["model", "baseline"]
    results: EvaluationResults | None
    file: ScoreFile


@dataclass(frozen=True)
class _IdUniverse:
    """The sorted union of all ids, and the position of each run's rows in it."""

    values: pa.StringArray
    positions: list[NDArray[np.int64]]

    @property
    def size(self) -> int:
        return len(self.values)

    @classmethod
    def from_runs(cls, runs: Sequence[_RunInput]) -> _IdUniverse:
        values = _sorted_distinct([item.file.ids for item in runs])
        return cls(values, [pc.index_in(item.file.ids, value_set=values).to_numpy() for item in runs])


def read_runs(
    paths: Sequence[str | Path] = (),
    published: str | Path | None = None,
    benchmark: Benchmark | None = None,
    min_scored: float = MIN_SCORED,
) -> RunSet:
    """Read runs and align them.

    Args:
        paths: Output directories of ``evaluate``, published run directories, or ``scores.parquet`` files. Baselines in
            output directories are included.
        published: A directory of run directories; those with a score file are read in sorted order, after ``paths``.
        benchmark: The benchmark with its texts, if available; gives the lengths of responses, and with them the length
            baseline.
        min_scored: Smallest share of its pairs that a run must have scored to be a run of the leaderboard.

    Returns:
        The runs. No row is dropped silently: runs that are not evaluated, and missing, unshared, failed and
        contradictory rows are in ``notices``.

    Raises:
        InputError: There is no run, or none with enough scores; a directory does not exist, a file is not a score file
            (see :func:`~themis_rm.evaluation.leaderboard.score_files.read_score_file`), or the runs are of different
            benchmarks.
    """
    notices: list[Notice] = []
    published = None if published is None else Path(published)
    locations = _list_locations([Path(path) for path in paths], published, notices)
    models = _make_names_unique([_read_model(path) for path in track(locations, "read runs")])
    models = _evaluated(models, min_scored, notices)
    if not models:
        raise InputError(f"No run is evaluated: {notices[-1]}", "Evaluate again once the cause is fixed.")
    inputs = [*models, *_evaluated(_read_baselines(models), min_scored, notices)]
    ids = _IdUniverse.from_runs(inputs)
    _check_overlap(inputs, ids)
    criteria = _merge_labels("aspect", [item.file.criteria for item in inputs], inputs, ids, notices)
    languages = _merge_labels("language", [item.file.languages for item in inputs], inputs, ids, notices)
    subset_names, subset_codes = _encode_subsets(inputs)
    subsets = _merge_labels("subset", subset_codes, inputs, ids, notices)
    lengths = _merge_lengths(inputs, ids, benchmark, notices)
    runs = [_align(item, rows, ids.size) for item, rows in zip(inputs, ids.positions, strict=True)]
    notices += [notice for item, run in zip(inputs, runs, strict=True) for notice in _find_problems(item, run, runs)]
    if lengths is not None and LENGTH not in {run.name for run in runs}:
        runs.append(_length_baseline(lengths))
    names = tuple(ids.values.to_pylist())
    return RunSet(
        ids=names,
        criteria=criteria,
        languages=languages,
        subset_names=tuple(subset_names.to_pylist()),
        subsets=subsets,
        lengths=lengths,
        runs=tuple(runs),
        notices=tuple(notices),
        digest=stable_digest(names),
    )


def _list_locations(paths: Sequence[Path], published: Path | None, notices: list[Notice]) -> list[Path]:
    candidates = list(paths)
    if published is not None:
        inside = sorted(file.parent for file in published.glob(f"*/{SCORES}"))
        if not inside:
            raise InputError(f"{published} contains no directory with a {SCORES}.", "Give the directory of the runs.")
        candidates += inside
    if not candidates:
        raise InputError("No runs to compare.", "Give output directories of evaluate, or --published.")
    seen: set[Path] = set()
    locations = []
    for path in candidates:
        if path.resolve() in seen:
            notices.append(Notice("", "duplicate-run", 1, f"{path} was given twice; it is used once."))
            continue
        seen.add(path.resolve())
        locations.append(path)
    return locations


def _read_model(path: Path) -> _RunInput:
    file = path / SCORES if path.is_dir() else path
    if not file.is_file():
        raise InputError(f"{path} has no {SCORES}.", "Give an output directory of evaluate, or a published one.")
    results = EvaluationResults.load(file.parent / RESULTS) if (file.parent / RESULTS).is_file() else None
    run = results.run if results else None
    directory = file.resolve().parent.name
    name, prompts = (run.model, run.prompts) if run else (directory, "")
    return _RunInput(name, directory, prompts, "model", results, read_score_file(file))


def _evaluated(inputs: Sequence[_RunInput], min_scored: float, notices: list[Notice]) -> list[_RunInput]:
    """Return the runs that scored enough of their pairs, see :mod:`themis_rm.evaluation.failures`."""
    kept = []
    for item in inputs:
        failures, total = item.file.failures, len(item.file.ids)
        scored = total - sum(failures.values())
        if scored and scored >= min_scored * total:
            kept.append(item)
            continue
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in failures.items())
        text = f"not evaluated: {scored:,} of {total:,} pairs have scores ({reasons})."
        notices.append(Notice(item.name, "not-evaluated", total - scored, text))
    return kept


def _make_names_unique(models: Sequence[_RunInput]) -> list[_RunInput]:
    """Distinguish models of the same name by prompt mode, then by directory, then by number."""
    named = list(models)
    for suffix in ("prompts", "directory", "number"):
        counts = Counter(item.name for item in named)
        for index, item in enumerate(named):
            if counts[item.name] > 1:
                value = str(index + 1) if suffix == "number" else getattr(item, suffix)
                named[index] = replace(item, name=f"{item.name} [{value}]" if value else item.name)
    return named


def _read_baselines(models: Sequence[_RunInput]) -> list[_RunInput]:
    """Read the baselines of all models; a baseline with the same parameters in several runs is read once."""
    baselines: dict[tuple[str, str], _RunInput] = {}
    taken = {item.name for item in models}
    for model in models:
        for file in sorted((model.file.path.parent / "baselines").glob("*.parquet")):
            known = model.results.baselines if model.results else []
            digest = next((item.digest for item in known if item.name == file.stem), model.name)
            if (file.stem, digest) in baselines:
                continue
            name = file.stem if file.stem not in taken else f"{file.stem} [{model.name}]"
            taken.add(name)
            scores = read_score_file(file)
            baselines[file.stem, digest] = _RunInput(name, model.directory, "", "baseline", None, scores)
    return list(baselines.values())


def _sorted_distinct(columns: Sequence[pa.StringArray]) -> pa.StringArray:
    values = pc.unique(pa.chunked_array(columns))
    return values.take(pc.array_sort_indices(values))


def _check_overlap(inputs: Sequence[_RunInput], ids: _IdUniverse) -> None:
    times = np.zeros(ids.size, dtype=np.int64)
    for rows in ids.positions:
        times[rows] += 1
    for item, rows in zip(inputs, ids.positions, strict=True):
        if len(inputs) > 1 and times[rows].max() == 1:
            raise InputError(
                f"{item.name} shares no id with any other run: it was evaluated on another benchmark.",
                "Compare runs of one benchmark, with the same ids.",
            )


def _merge_labels(
    column: str,
    codes: Sequence[NDArray[np.uint8]],
    inputs: Sequence[_RunInput],
    ids: _IdUniverse,
    notices: list[Notice],
) -> NDArray[np.uint8]:
    """Return a label column for all ids; if runs contradict each other, the label of the first one is used."""
    labels = np.full(ids.size, 255, dtype=np.uint8)
    for item, rows, values in zip(inputs, ids.positions, codes, strict=True):
        new = labels[rows] == 255
        conflicting = ~new & (labels[rows] != values)
        if conflicting.any():
            first, count = item.file.ids[int(np.flatnonzero(conflicting)[0])], int(conflicting.sum())
            text = f"{count:,} ids have another {column} than in earlier runs (first: {first}); the earlier is used."
            notices.append(Notice(item.name, f"conflicting-{column}", count, text))
        labels[rows[new]] = values[new]
    return labels


def _encode_subsets(inputs: Sequence[_RunInput]) -> tuple[pa.StringArray, list[NDArray[np.uint8]]]:
    names = _sorted_distinct([item.file.subsets for item in inputs])
    if len(names) > 255:
        raise InputError(f"The runs have {len(names):,} subsets.", "The subset column contains a pair's source.")
    return names, [pc.index_in(item.file.subsets, value_set=names).to_numpy().astype(np.uint8) for item in inputs]


def _merge_lengths(
    inputs: Sequence[_RunInput], ids: _IdUniverse, benchmark: Benchmark | None, notices: list[Notice]
) -> NDArray[np.int64] | None:
    lengths = np.zeros((2, ids.size), dtype=np.int64)
    if benchmark is not None:
        lengths = _text_lengths(ids, benchmark, notices)
    for item, rows in zip(inputs, ids.positions, strict=True):
        if item.file.lengths is None:
            continue
        known = (lengths[:, rows] > 0).all(axis=0)
        stated = (item.file.lengths > 0).all(axis=0)
        conflicting = int((known & stated & (lengths[:, rows] != item.file.lengths).any(axis=0)).sum())
        if conflicting:
            text = f"{conflicting:,} pairs have other response lengths than in the benchmark or in earlier runs."
            notices.append(Notice(item.name, "conflicting-lengths", conflicting, text))
        new = ~known & stated
        lengths[:, rows[new]] = item.file.lengths[:, new]
    return lengths if lengths.any() else None


def _text_lengths(ids: _IdUniverse, benchmark: Benchmark, notices: list[Notice]) -> NDArray[np.int64]:
    """Return the lengths of the benchmark's responses, shape ``[2, ids]``, 0 for an id without texts."""
    lengths = np.zeros((2, ids.size), dtype=np.int64)
    with_text = pa.array([pair.id for pair in benchmark.pairs])
    rows = pc.fill_null(pc.index_in(ids.values, value_set=with_text), -1).to_numpy()
    matched = np.flatnonzero(rows >= 0)
    if not len(matched):
        raise InputError(
            f"The benchmark {benchmark.name} has none of the runs' ids.", "Give the benchmark that the runs used."
        )
    characters = np.array([[len(pair.chosen), len(pair.rejected)] for pair in benchmark.pairs])
    lengths[:, matched] = characters[rows[matched]].T
    for reason, count, words in (
        (
            "missing-texts",
            ids.size - len(matched),
            "of the runs' ids are not in the given benchmark: no texts, no lengths",
        ),
        ("unused-pairs", len(benchmark.pairs) - len(matched), "pairs of the given benchmark are in no run"),
    ):
        if count:
            notices.append(Notice("", reason, count, f"{count:,} {words}."))
    return lengths


def _align(item: _RunInput, rows: NDArray[np.int64], size: int) -> ScoredRun:
    file = item.file
    scores = np.full((2, size), np.nan)
    scores[:, rows] = file.scores
    outcomes = np.full(size, MISSING, dtype=np.uint8)
    outcomes[rows] = file.outcomes
    return ScoredRun(item.name, item.kind, file.path, item.results, scores, outcomes, file.marks_failures)


def _length_baseline(lengths: NDArray[np.int64]) -> ScoredRun:
    known = (lengths > 0).all(axis=0)
    scores = np.where(known, lengths, np.nan).astype(np.float64)
    outcomes = np.where(lengths[0] > lengths[1], WON, np.where(lengths[0] == lengths[1], TIED, LOST))
    return ScoredRun(LENGTH, "baseline", None, None, scores, np.where(known, outcomes, MISSING).astype(np.uint8))


def _find_problems(item: _RunInput, run: ScoredRun, runs: Sequence[ScoredRun]) -> Iterable[Notice]:
    """Yield a notice for missing, unshared, failed and inconsistent rows of a run."""
    missing = int((run.outcomes == MISSING).sum())
    if missing:
        text = f"{missing:,} of {len(run.outcomes):,} ids are missing; accuracies use the rest, tests the shared ids."
        yield Notice(run.name, "missing-ids", missing, text)
    others = [other.outcomes != MISSING for other in runs if other is not run]
    unshared = int(((run.outcomes != MISSING) & ~np.logical_or.reduce(others)).sum()) if others else 0
    if unshared:
        yield Notice(run.name, "unshared-ids", unshared, f"{unshared:,} ids are in no other run; no test uses them.")
    for reason, count in item.file.failures.items():
        yield Notice(run.name, reason, count, f"{count:,} rows failed ({reason}) and count as losses.")
    stated = item.results.overall.get("parse_failures") if item.results else None
    if isinstance(stated, int) and stated > 0 and not item.file.marks_failures:
        text = f"its results report {stated:,} failed parses, but its scores mark none; they count as scored."
        yield Notice(run.name, "unmarked-failures", stated, text)
    for column, counts in item.file.other_labels.items():
        rows = sum(counts.values())
        names = ", ".join(sorted(counts)[:5])
        word = "criterion" if column == "aspect" else column
        text = f"{rows:,} rows have another {word} ({names}); they are in the figures of all pairs and of subsets only."
        yield Notice(run.name, f"other-{word}", rows, text)
    if item.file.inconsistent:
        text = f"{item.file.inconsistent:,} rows have a 'correct' that contradicts their scores; the scores are used."
        yield Notice(run.name, "inconsistent-correct", item.file.inconsistent, text)
