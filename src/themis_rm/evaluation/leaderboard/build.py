"""Build a leaderboard from runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from themis_rm.benchmark.pairs import Benchmark, read_benchmark
from themis_rm.evaluation.leaderboard.accuracies import AccuracyTable, MacroAverage
from themis_rm.evaluation.leaderboard.comparisons import PairwiseComparisons
from themis_rm.evaluation.leaderboard.result import Leaderboard, LeaderboardEntry, LeaderboardSettings
from themis_rm.evaluation.leaderboard.results_check import TOLERANCE, ResultMismatch, check_results
from themis_rm.evaluation.leaderboard.runs import Notice, RunSet, ScoredRun, read_runs
from themis_rm.evaluation.leaderboard.slices import Grouping, Slice, build_groupings, code_longer_side
from themis_rm.evaluation.reference import runs as reference
from themis_rm.evaluation.reference.runs import OVERALL, Reference, ReferenceRun
from themis_rm.progress import track
from themis_rm.records import BenchmarkPair

TESTED = ("all", "criterion", "language")
"""Kinds of slices in which models are tested; subsets and cells are too small for hundreds of tests."""


def leaderboard(
    runs: Sequence[str | Path] = (),
    published: str | Path | None = None,
    benchmark: str | Path | None = None,
    settings: LeaderboardSettings | None = None,
) -> Leaderboard:
    """Compare the runs of many models on one benchmark.

    Args:
        runs: Output directories of ``evaluate``, or published run directories (see
            :func:`~themis_rm.evaluation.leaderboard.runs.read_runs`).
        published: A directory of run directories.
        benchmark: The benchmark of the runs, for texts and lengths.
        settings: See :class:`LeaderboardSettings`.

    Raises:
        InputError: See :func:`~themis_rm.evaluation.leaderboard.runs.read_runs` and
            :func:`~themis_rm.benchmark.pairs.read_benchmark`.
    """
    texts = read_benchmark(benchmark) if benchmark is not None else None
    settings = settings or LeaderboardSettings()
    return build_leaderboard(read_runs(runs, published, texts, settings.min_scored), settings, texts)


def build_leaderboard(runs: RunSet, settings: LeaderboardSettings, texts: Benchmark | None = None) -> Leaderboard:
    """Build a leaderboard from runs in memory.

    Args:
        runs: At least one run.
        settings: See :class:`LeaderboardSettings`.
        texts: The benchmark, if single pairs are to be shown.
    """
    groupings = build_groupings(runs, settings.max_length_ratio)
    runs, counts = _sort_by_accuracy(runs, groupings)
    outcomes = np.stack([run.outcomes for run in runs.runs])
    known = reference.load()
    slices = tuple(part for grouping in groupings for part in grouping.slices)
    references, notices = _find_reference_runs(runs, known, settings)
    mismatches = [item for run in runs.runs for item in check_results(runs, run)]
    strict = [[_reference_share(run, part) for part in slices] for run in references]
    return Leaderboard(
        settings=settings,
        entries=(*(_scored_entry(run, known) for run in runs.runs), *map(_reference_entry, references)),
        slices=slices,
        accuracies=AccuracyTable.from_counts(counts, settings.confidence_level),
        reference_strict=np.array(strict).reshape(-1, len(slices)),
        macro=tuple(_macro_averages(runs, groupings, outcomes, settings)),
        comparisons=tuple(_compare_all(groupings, outcomes, settings)),
        runs=runs,
        pairs=_align_texts(runs, texts),
        mismatches=tuple(mismatches),
        notices=(*runs.notices, *notices, *_mismatch_notices(mismatches)),
        benchmark=_benchmark_name(runs, known),
    )


def _sort_by_accuracy(runs: RunSet, groupings: Sequence[Grouping]) -> tuple[RunSet, NDArray[np.int64]]:
    """Sort runs by accuracy over all pairs, then by name; return them and counts ``[runs, slices, STATES]``."""
    outcomes = np.stack([run.outcomes for run in runs.runs])
    counts = np.concatenate([grouping.count_outcomes(outcomes) for grouping in groupings], axis=1)
    value = AccuracyTable.from_counts(counts[:, :1], 0.95).value[:, 0]
    order = sorted(range(len(runs.runs)), key=lambda index: (-value[index], runs.runs[index].name))
    return replace(runs, runs=tuple(runs.runs[index] for index in order)), counts[order]


def _macro_averages(
    runs: RunSet, groupings: Sequence[Grouping], outcomes: NDArray[np.uint8], settings: LeaderboardSettings
) -> list[MacroAverage]:
    strata = [(item.slices[0].kind, item) for item in groupings if item.slices and item.slices[0].kind in TESTED[1:]]
    counts = [(str(kind), item.count_outcomes(outcomes)) for kind, item in strata]
    if runs.lengths is not None:
        by_length = Grouping((Slice("all"), Slice("all")), code_longer_side(runs.lengths))
        counts.append(("length", by_length.count_outcomes(outcomes)))
    return [MacroAverage.from_counts(over, item, settings.resampling) for over, item in counts]


def _compare_all(
    groupings: Sequence[Grouping], outcomes: NDArray[np.uint8], settings: LeaderboardSettings
) -> list[PairwiseComparisons]:
    if len(outcomes) < 2:
        return []
    tested = [
        (part, grouping.codes == code)
        for grouping in groupings
        for code, part in enumerate(grouping.slices)
        if part.kind in TESTED
    ]
    level = settings.confidence_level
    return [
        PairwiseComparisons.from_outcomes(part, outcomes[:, rows], level)
        for part, rows in track(tested, "compare models")
    ]


def _scored_entry(run: ScoredRun, known: Reference) -> LeaderboardEntry:
    info = run.results.run if run.results else None
    entry = LeaderboardEntry(run.name, run.kind)
    published = known.runs.get(run.name)
    if info is not None:
        # A model evaluated with this package may have the name of a published one without being it.
        return replace(entry, prompts=info.prompts, prompt_digest=info.prompt_digest, model_digest=info.model_digest)
    if published is None or run.kind != "model":
        return entry
    return replace(_reference_entry(published), kind=run.kind)


def _reference_entry(run: ReferenceRun) -> LeaderboardEntry:
    return LeaderboardEntry(
        name=run.run,
        kind="reference",
        judge=run.kind,
        series=run.series,
        parameters=run.parameters,
        hub=run.hub,
        note=run.note,
    )


def _find_reference_runs(
    runs: RunSet, known: Reference, settings: LeaderboardSettings
) -> tuple[list[ReferenceRun], list[Notice]]:
    """Return the published runs without scores here; on another benchmark a notice instead."""
    if not settings.reference:
        return [], []
    if runs.digest != known.ids_digest:
        similar = set(runs.subset_names) & set(known.pairs)
        text = "the ids are not those of the published benchmark, so its aggregate figures are not included."
        return [], [Notice("", "other-benchmark", len(runs.ids), text)] if similar else []
    scored = {run.name for run in runs.runs}
    references = [run for run in known.runs.values() if run.run not in scored]
    return sorted(references, key=lambda run: (-run.accuracies[OVERALL], run.run)), []


def _reference_share(run: ReferenceRun, part: Slice) -> float:
    if part.kind in {"cell", "length-matched"}:
        return np.nan
    return run.accuracies[OVERALL if part.kind == "all" else part.key] / 100


def _align_texts(runs: RunSet, texts: Benchmark | None) -> tuple[BenchmarkPair | None, ...] | None:
    if texts is None:
        return None
    by_id = {pair.id: pair for pair in texts.pairs}
    return tuple(by_id.get(key) for key in runs.ids)


def _benchmark_name(runs: RunSet, known: Reference) -> str:
    if runs.digest == known.ids_digest:
        return "CodeRewardBench"
    names = {run.results.run.benchmark for run in runs.runs if run.results and run.results.run}
    return Path(names.pop()).name if len(names) == 1 else ""


def _mismatch_notices(mismatches: Sequence[ResultMismatch]) -> list[Notice]:
    names = list(dict.fromkeys(item.run for item in mismatches))
    by_run = {name: [item for item in mismatches if item.run == name] for name in names}
    return [
        Notice(
            name,
            "results-mismatch",
            len(items),
            f"{len(items):,} figures of its results.json differ by more than {TOLERANCE} from those of its scores "
            f"(first: {items[0].figure}, stated {items[0].stated}, computed {items[0].computed}).",
        )
        for name, items in by_run.items()
    ]
