"""Runs laid onto one universe of ids, and what does not fit said, run by run.

The universe is the union of the runs' ids in sorted order, so that the order of the arguments changes nothing but
which run's labels stand where two contradict each other.
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
from themis_rm.evaluation.leaderboard.score_files import LOST, MISSING, TIED, WON, ScoreFile, read_score_file
from themis_rm.evaluation.results import EvaluationResults
from themis_rm.storage.digests import stable_digest

SCORES, RESULTS = "scores.parquet", "results.json"
LENGTH = "length"


@dataclass(frozen=True, slots=True)
class Notice:
    """Something about the input that a reader of the figures must know.

    Attributes:
        run: Whom it is about; empty for the board as a whole.
        reason: A slug such as ``missing-ids``.
        count: Rows, or figures, that it touches.
        text: One line for people.
    """

    run: str
    reason: str
    count: int
    text: str

    def __str__(self) -> str:
        return f"{self.run}: {self.text}" if self.run else self.text


@dataclass(frozen=True)
class ScoredRun:
    """One run on the universe's ids.

    Attributes:
        name: Unique on the board: the model's name, with the prompt mode or the folder where two would be the same.
        kind: ``model`` or ``baseline``.
        path: The score file; ``None`` for scores that were computed here.
        results: Its ``results.json``, if there is one.
        scores: Shape ``[2, ids]``, chosen and rejected; NaN where failed or missing.
        outcomes: Shape ``[ids]``, ``LOST`` to ``MISSING``.
        marks_failures: The score file says which rows could not be scored.
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
    """Runs on one universe of ids.

    Attributes:
        ids: Shape ``[ids]``, sorted.
        criteria: Shape ``[ids]``, index into ``CRITERION_NAMES``.
        languages: Shape ``[ids]``, index into ``LANGUAGE_NAMES``.
        subset_names: Sorted.
        subsets: Shape ``[ids]``, index into ``subset_names``.
        lengths: Shape ``[2, ids]``, characters of chosen and rejected, 0 where unknown; ``None`` if no run says.
        runs: In the order in which they were given, baselines last.
        notices: What does not fit.
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
    folder: str
    prompts: str
    kind: Literal["model", "baseline"]
    results: EvaluationResults | None
    file: ScoreFile


@dataclass(frozen=True)
class _IdUniverse:
    """The universe, sorted, and where the rows of each run stand in it."""

    values: pa.StringArray
    places: list[NDArray[np.int64]]

    @property
    def size(self) -> int:
        return len(self.values)

    @classmethod
    def of(cls, given: Sequence[_RunInput]) -> _IdUniverse:
        values = _sorted_distinct([item.file.ids for item in given])
        return cls(values, [pc.index_in(item.file.ids, value_set=values).to_numpy() for item in given])


def read_runs(paths: Sequence[Path], published: Path | None = None, benchmark: Benchmark | None = None) -> RunSet:
    """Read runs and lay them side by side.

    Args:
        paths: Output folders of ``evaluate``, published ones, or ``scores.parquet`` files. Baselines that ``evaluate``
            scored beside a model come along.
        published: A folder of such folders; those with a score file are taken, in sorted order, after ``paths``.
        benchmark: The texts, if they are to be had: lengths of answers come from there, and with them the length
            baseline.

    Returns:
        The runs. Nothing is dropped: missing, foreign, failed and contradictory rows stand in ``notices``.

    Raises:
        InputError: No run, no such folder, a file that cannot be read as scores (see
            :func:`~themis_rm.evaluation.leaderboard.score_files.read_score_file`), or runs of different benchmarks.
    """
    notices: list[Notice] = []
    folders = _folders(paths, published, notices)
    models = _named([_read_model(path) for path in folders])
    given = [*models, *_baselines(models)]
    ids = _IdUniverse.of(given)
    _check_overlap(given, ids)
    criteria = _labels("aspect", [item.file.criteria for item in given], given, ids, notices)
    languages = _labels("language", [item.file.languages for item in given], given, ids, notices)
    subset_names, subset_codes = _subset_codes(given)
    subsets = _labels("subset", subset_codes, given, ids, notices)
    lengths = _lengths(given, ids, benchmark, notices)
    runs = [_laid_out(item, where, ids.size) for item, where in zip(given, ids.places, strict=True)]
    notices += [told for item, run in zip(given, runs, strict=True) for told in _told(item, run, runs)]
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


def _folders(paths: Sequence[Path], published: Path | None, notices: list[Notice]) -> list[Path]:
    found = list(paths)
    if published is not None:
        inside = sorted(file.parent for file in published.glob(f"*/{SCORES}"))
        if not inside:
            raise InputError(f"{published} holds no folder with a {SCORES}.", "Give the folder that holds the runs.")
        found += inside
    if not found:
        raise InputError("No runs to compare.", "Name output folders of evaluate, or give --published.")
    seen: set[Path] = set()
    folders = []
    for path in found:
        if path.resolve() in seen:
            notices.append(Notice("", "named-twice", 1, f"{path} is named twice; it is taken once."))
            continue
        seen.add(path.resolve())
        folders.append(path)
    return folders


def _read_model(path: Path) -> _RunInput:
    file = path / SCORES if path.is_dir() else path
    if not file.is_file():
        raise InputError(f"{path} has no {SCORES}.", "Name an output folder of evaluate, or a published one.")
    results = EvaluationResults.load(file.parent / RESULTS) if (file.parent / RESULTS).is_file() else None
    run = results.run if results else None
    folder = file.resolve().parent.name
    return _RunInput(
        run.model if run else folder, folder, run.prompts if run else "", "model", results, read_score_file(file)
    )


def _named(models: Sequence[_RunInput]) -> list[_RunInput]:
    """Tell models of one name apart by their prompt mode, then by their folder, then by a number."""
    named = list(models)
    for more in ("prompts", "folder", "number"):
        counts = Counter(item.name for item in named)
        for place, item in enumerate(named):
            if counts[item.name] > 1:
                told = str(place + 1) if more == "number" else getattr(item, more)
                named[place] = replace(item, name=f"{item.name} [{told}]" if told else item.name)
    return named


def _baselines(models: Sequence[_RunInput]) -> list[_RunInput]:
    """Read the baselines that lie beside the models; one that several runs share (same parameters) is taken once."""
    found: dict[tuple[str, str], _RunInput] = {}
    taken = {item.name for item in models}
    for model in models:
        for file in sorted((model.file.path.parent / "baselines").glob("*.parquet")):
            stated = model.results.baselines if model.results else []
            digest = next((item.digest for item in stated if item.name == file.stem), model.name)
            if (file.stem, digest) in found:
                continue
            name = file.stem if file.stem not in taken else f"{file.stem} [{model.name}]"
            taken.add(name)
            found[file.stem, digest] = _RunInput(name, model.folder, "", "baseline", None, read_score_file(file))
    return list(found.values())


def _sorted_distinct(columns: Sequence[pa.StringArray]) -> pa.StringArray:
    values = pc.unique(pa.chunked_array(columns))
    return values.take(pc.array_sort_indices(values))


def _check_overlap(given: Sequence[_RunInput], ids: _IdUniverse) -> None:
    times = np.zeros(ids.size, dtype=np.int64)
    for where in ids.places:
        times[where] += 1
    for item, where in zip(given, ids.places, strict=True):
        if len(given) > 1 and times[where].max() == 1:
            raise InputError(
                f"{item.name} shares no id with any other run: it was made on another benchmark.",
                "Compare runs on one benchmark; the ids must be the same.",
            )


def _labels(
    column: str, codes: Sequence[NDArray[np.uint8]], given: Sequence[_RunInput], ids: _IdUniverse, notices: list[Notice]
) -> NDArray[np.uint8]:
    """Return a column of labels on the universe; where runs contradict each other the first one's stands."""
    label = np.full(ids.size, 255, dtype=np.uint8)
    for item, where, values in zip(given, ids.places, codes, strict=True):
        new = label[where] == 255
        other = ~new & (label[where] != values)
        if other.any():
            first, count = item.file.ids[int(np.flatnonzero(other)[0])], int(other.sum())
            text = f"{count:,} ids have another {column} than in the runs before (first: {first}); theirs stands."
            notices.append(Notice(item.name, f"other-{column}", count, text))
        label[where[new]] = values[new]
    return label


def _subset_codes(given: Sequence[_RunInput]) -> tuple[pa.StringArray, list[NDArray[np.uint8]]]:
    names = _sorted_distinct([item.file.subsets for item in given])
    if len(names) > 255:
        raise InputError(f"The runs name {len(names):,} subsets.", "The subset column names a pair's source.")
    return names, [pc.index_in(item.file.subsets, value_set=names).to_numpy().astype(np.uint8) for item in given]


def _lengths(
    given: Sequence[_RunInput], ids: _IdUniverse, benchmark: Benchmark | None, notices: list[Notice]
) -> NDArray[np.int64] | None:
    lengths = np.zeros((2, ids.size), dtype=np.int64)
    if benchmark is not None:
        known_texts = pa.array([pair.id for pair in benchmark.pairs])
        where = pc.fill_null(pc.index_in(ids.values, value_set=known_texts), -1).to_numpy()
        there = np.flatnonzero(where >= 0)
        sides = np.array([[len(pair.chosen), len(pair.rejected)] for pair in benchmark.pairs])
        lengths[:, there] = sides[where[there]].T
        _tell_of_texts(benchmark, ids.size, len(there), notices)
    for item, place in zip(given, ids.places, strict=True):
        if item.file.lengths is None:
            continue
        known = (lengths[:, place] > 0).all(axis=0)
        stated = (item.file.lengths > 0).all(axis=0)
        other = int((known & stated & (lengths[:, place] != item.file.lengths).any(axis=0)).sum())
        if other:
            text = (
                f"{other:,} pairs have answers of other lengths than in the benchmark or the runs before: other texts."
            )
            notices.append(Notice(item.name, "other-lengths", other, text))
        fill = ~known & stated
        lengths[:, place[fill]] = item.file.lengths[:, fill]
    return lengths if lengths.any() else None


def _tell_of_texts(benchmark: Benchmark, ids: int, found: int, notices: list[Notice]) -> None:
    if not found:
        raise InputError(f"The benchmark {benchmark.name} has none of the runs' ids.", "Give the one they were run on.")
    for reason, count, words in (
        ("no-text", ids - found, "of the runs' ids are not in the benchmark given: no texts and no lengths for them"),
        ("not-run", len(benchmark.pairs) - found, "pairs of the benchmark given are in no run"),
    ):
        if count:
            notices.append(Notice("", reason, count, f"{count:,} {words}."))


def _laid_out(item: _RunInput, where: NDArray[np.int64], size: int) -> ScoredRun:
    scores = np.full((2, size), np.nan)
    scores[:, where] = item.file.scores
    outcomes = np.full(size, MISSING, dtype=np.uint8)
    outcomes[where] = item.file.outcomes
    file = item.file
    return ScoredRun(item.name, item.kind, file.path, item.results, scores, outcomes, file.marks_failures)


def _length_baseline(lengths: NDArray[np.int64]) -> ScoredRun:
    known = (lengths > 0).all(axis=0)
    scores = np.where(known, lengths, np.nan).astype(np.float64)
    outcomes = np.where(lengths[0] > lengths[1], WON, np.where(lengths[0] == lengths[1], TIED, LOST))
    return ScoredRun(LENGTH, "baseline", None, None, scores, np.where(known, outcomes, MISSING).astype(np.uint8))


def _told(item: _RunInput, run: ScoredRun, runs: Sequence[ScoredRun]) -> Iterable[Notice]:
    """Tell what of a run is missing, its own alone, failed or misstated."""
    missing = int((run.outcomes == MISSING).sum())
    if missing:
        text = (
            f"{missing:,} of {len(run.outcomes):,} ids are missing; figures are over the rest, tests over shared ids."
        )
        yield Notice(run.name, "missing-ids", missing, text)
    others = [other.outcomes != MISSING for other in runs if other is not run]
    alone = int(((run.outcomes != MISSING) & ~np.logical_or.reduce(others)).sum()) if others else 0
    if alone:
        yield Notice(run.name, "foreign-ids", alone, f"{alone:,} ids are in no other run; no test looks at them.")
    for reason, count in item.file.failures.items():
        yield Notice(run.name, reason, count, f"{count:,} rows failed ({reason}) and count as lost.")
    stated = item.results.overall.get("parse_failures") if item.results else None
    if isinstance(stated, int) and stated > 0 and not item.file.marks_failures:
        text = f"its results state {stated:,} failed parses; its scores mark none of them, so they count as scored."
        yield Notice(run.name, "unmarked-failures", stated, text)
    if item.file.misstated:
        text = f"{item.file.misstated:,} rows have another 'correct' than their scores say; the scores stand."
        yield Notice(run.name, "misstated-correct", item.file.misstated, text)
