"""The board: everything that tables, CSV, JSON and a page show of many runs, computed once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

import themis_rm
from themis_rm.benchmark.pairs import Benchmark, read_benchmark
from themis_rm.evaluation.leaderboard.accuracies import AccuracyTable, MacroAverage
from themis_rm.evaluation.leaderboard.comparisons import PairwiseComparisons
from themis_rm.evaluation.leaderboard.results_check import TOLERANCE, ResultMismatch, check_results
from themis_rm.evaluation.leaderboard.runs import Notice, RunSet, ScoredRun, read_runs
from themis_rm.evaluation.leaderboard.score_files import CRITERION_NAMES, LANGUAGE_NAMES
from themis_rm.evaluation.leaderboard.slices import Grouping, Slice, groupings, longer_side
from themis_rm.evaluation.reference import runs as reference
from themis_rm.evaluation.reference.runs import OVERALL, Reference, ReferenceRun
from themis_rm.evaluation.statistics import Resampling
from themis_rm.records import BenchmarkPair
from themis_rm.settings import Settings
from themis_rm.storage.atomic import write_text

SCHEMA = 1
TESTED = ("all", "criterion", "language")
"""Kinds of cuts in which models are tested; subsets and cells are too small for hundreds of tests."""


class LeaderboardSettings(Settings):
    """How a board is computed."""

    level: float = Field(default=0.95, gt=0.5, lt=1)
    """What an interval should cover; groups and ranks are at one minus it."""
    resamples: int = Field(default=10_000, ge=100)
    """Bootstrap draws for averages over strata; all other intervals are exact."""
    seed: int = 0
    """Seed of the draws."""
    length_band: float = Field(default=1.1, ge=1)
    """Largest ratio of lengths, in characters, of a length-matched pair."""
    reference: bool = True
    """Put published models without public pair scores beside the runs, if the benchmark is the published one."""

    @property
    def resampling(self) -> Resampling:
        """Return how intervals are drawn."""
        return Resampling(self.resamples, self.level, self.seed)


@dataclass(frozen=True, slots=True)
class LeaderboardEntry:
    """A row of the board.

    Attributes:
        name: Unique.
        kind: ``model`` and ``baseline`` have pair scores; ``reference`` has published aggregate figures alone: strict
            accuracies without interval, no cells, no tests.
        judge: ``scalar`` or ``generative``; empty where nobody says.
        series: Models of one recipe in several sizes, to be joined by a line; empty for a single one.
        parameters: Billions, nominal; ``None`` where nobody says.
        hub: Repository on the hub; may be empty.
        prompts: Criteria prompts of the run: ``none``, ``all`` or ``own``; empty where its results do not say.
        prompt_digest: Hash of the prompt set, likewise.
        model_digest: Hash of the model, likewise.
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


@dataclass(frozen=True)
class Leaderboard:
    """Many runs on one benchmark.

    Attributes:
        settings: How it was computed.
        entries: Runs with pair scores by headline accuracy (ties half), best first; then reference entries by their
            strict accuracy. Arrays below index the first kind from 0.
        cuts: Columns.
        accuracies: Figures of scored entries, ``[scored, cuts]``.
        reference_strict: Strict accuracies of reference entries, ``[reference entries, cuts]``; NaN where none is
            published.
        balanced: Averages over strata: criterion (macro), language, and length where lengths are known.
        comparisons: All pairs of scored entries, for all pairs, each criterion and each language.
        runs: Ids, labels and outcomes behind all that; its runs in the order of ``entries``.
        pairs: The texts in the order of ``runs.ids`` (``None`` for an id without text), if the benchmark was given.
        differing: Figures of runs' ``results.json`` that their scores do not give.
        notices: What a reader must know about the input.
    """

    settings: LeaderboardSettings
    entries: tuple[LeaderboardEntry, ...]
    cuts: tuple[Slice, ...]
    accuracies: AccuracyTable
    reference_strict: NDArray[np.float64]
    balanced: tuple[MacroAverage, ...]
    comparisons: tuple[PairwiseComparisons, ...]
    runs: RunSet
    pairs: tuple[BenchmarkPair | None, ...] | None
    differing: tuple[ResultMismatch, ...]
    notices: tuple[Notice, ...]

    @property
    def scored(self) -> int:
        """Return how many entries have pair scores."""
        return len(self.runs.runs)

    def cut(self, key: str) -> int | None:
        """Return the column of a cut by its key, or ``None``."""
        return next((index for index, cut in enumerate(self.cuts) if cut.key == key), None)

    def comparison(self, key: str) -> PairwiseComparisons | None:
        """Return the tests of a cut by its key, or ``None``."""
        return next((item for item in self.comparisons if item.cut.key == key), None)

    def to_json(self, texts: bool = False) -> str:
        """Return the board as one JSON object; equal boards give equal text, a missing figure is ``null``.

        Keys, with S scored entries, R reference entries, C cuts, P = S (S - 1) / 2 comparisons and N ids:

        - ``schema``: 1. ``version``: of this package. ``settings``: as :class:`BoardSettings`.
        - ``benchmark``: ``pairs`` (N), ``ids_digest``, ``published`` (whether these are the ids of CodeRewardBench).
        - ``source``: of the reference figures; ``null`` without any.
        - ``entries``: S + R objects as :class:`Entry`. ``scored``: S.
        - ``cuts``: C objects: ``key``, ``title``, ``kind``, ``criterion``, ``language``, ``subset``, ``pairs``.
        - ``accuracies``: arrays ``[S][C]`` of ``n, wins, ties, failed, missing, value, low, high, strict, tie_rate``
          (shares, not per cent). ``reference_strict``: ``[R][C]``.
        - ``balanced``: for each kind of strata ``value``, ``low``, ``high``, each ``[S]``.
        - ``comparisons``: an object a tested cut: ``cut`` (key); ``[P]`` arrays in the order (0, 1), (0, 2), ...,
          (1, 2), ...: ``n, left_out, difference, low, high, p_value, p_holm, only_first, only_second, p_mcnemar,
          mcnemar_holm``; ``groups`` (indices of entries), ``letters`` ``[S]``, ``ranks`` ``[S][2]``.
        - ``pairs``: ``ids`` ``[N]``; ``criteria``, ``languages``, ``subsets``: the names that the codes index;
          ``criterion``, ``language``, ``subset``: codes ``[N]``; ``outcomes``: S strings of N digits: 0 lost, 1 tied,
          2 won, 3 failed, 4 missing; ``texts``: ``[N][prompt, chosen, rejected]`` or ``null``.
        - ``differing``, ``notices``: as :class:`Differing` and :class:`Notice`.

        Args:
            texts: Put the texts in too, if the board has them.
        """
        return json.dumps(self._plain(texts), ensure_ascii=False, separators=(",", ":"), allow_nan=False)

    def save(self, path: Path, texts: bool = False) -> None:
        """Write :meth:`to_json` to a file."""
        write_text(path, self.to_json(texts) + "\n")

    def _plain(self, texts: bool) -> dict[str, Any]:
        published = reference.load()
        return {
            "schema": SCHEMA,
            "version": themis_rm.__version__,
            "settings": self.settings.model_dump(mode="json"),
            "benchmark": {
                "pairs": len(self.runs.ids),
                "ids_digest": self.runs.digest,
                "published": self.runs.digest == published.ids_digest,
            },
            "source": published.source if len(self.entries) > self.scored else None,
            "entries": [asdict(entry) for entry in self.entries],
            "scored": self.scored,
            "cuts": [cut.to_dict() for cut in self.cuts],
            "accuracies": {name: _listed(getattr(self.accuracies, name)) for name in _fields(AccuracyTable)},
            "reference_strict": _listed(self.reference_strict),
            "balanced": {
                item.strata: {name: _listed(getattr(item, name)) for name in ("value", "low", "high")}
                for item in self.balanced
            },
            "comparisons": [_plain_comparisons(item) for item in self.comparisons],
            "pairs": self._plain_pairs(texts),
            "differing": [asdict(item) for item in self.differing],
            "notices": [asdict(item) for item in self.notices],
        }

    def _plain_pairs(self, texts: bool) -> dict[str, Any]:
        told = None
        if texts and self.pairs is not None:
            told = [pair and [pair.prompt, pair.chosen, pair.rejected] for pair in self.pairs]
        return {
            "ids": self.runs.ids,
            "criteria": CRITERION_NAMES,
            "languages": LANGUAGE_NAMES,
            "subsets": self.runs.subset_names,
            "criterion": self.runs.criteria.tolist(),
            "language": self.runs.languages.tolist(),
            "subset": self.runs.subsets.tolist(),
            "outcomes": [(run.outcomes + ord("0")).tobytes().decode("ascii") for run in self.runs.runs],
            "texts": told,
        }


def leaderboard(
    paths: Sequence[Path] = (),
    published: Path | None = None,
    benchmark: str | Path | None = None,
    settings: LeaderboardSettings | None = None,
) -> Leaderboard:
    """Read runs and compute the board.

    Args:
        paths: Output folders of ``evaluate``, or published ones (see :func:`read_runs`).
        published: A folder of such folders.
        benchmark: The benchmark that they were run on, for texts and lengths.
        settings: See :class:`BoardSettings`.

    Raises:
        InputError: See :func:`read_runs` and :func:`~themis_rm.benchmark.pairs.read_benchmark`.
    """
    texts = read_benchmark(benchmark) if benchmark is not None else None
    return build_leaderboard(read_runs(paths, published, texts), settings or LeaderboardSettings(), texts)


def build_leaderboard(runs: RunSet, settings: LeaderboardSettings, texts: Benchmark | None = None) -> Leaderboard:
    """Compute the board of runs that are read.

    Args:
        runs: At least one.
        settings: See :class:`BoardSettings`.
        texts: The benchmark, if it is to be shown down to single pairs.
    """
    columns = groupings(runs, settings.length_band)
    runs, counts = _by_headline(runs, columns)
    outcomes = np.stack([run.outcomes for run in runs.runs])
    known = reference.load()
    cuts = tuple(cut for grouping in columns for cut in grouping.cuts)
    beside, notices = _reference_runs(runs, known, settings)
    differing = [item for run in runs.runs for item in check_results(runs, run)]
    return Leaderboard(
        settings=settings,
        entries=(*(_entry(run, known) for run in runs.runs), *map(_reference_entry, beside)),
        cuts=cuts,
        accuracies=AccuracyTable.of(counts, settings.level),
        reference_strict=np.array([[_reference_share(run, cut) for cut in cuts] for run in beside]).reshape(
            -1, len(cuts)
        ),
        balanced=tuple(_balanced(runs, columns, outcomes, settings)),
        comparisons=tuple(_comparisons(columns, outcomes, settings)),
        runs=runs,
        pairs=_texts(runs, texts),
        differing=tuple(differing),
        notices=(*runs.notices, *notices, *_told_differing(differing)),
    )


def _by_headline(runs: RunSet, columns: Sequence[Grouping]) -> tuple[RunSet, NDArray[np.int64]]:
    """Sort runs by accuracy over all pairs, then by name; return them and counts ``[runs, cuts, STATES]``."""
    outcomes = np.stack([run.outcomes for run in runs.runs])
    counts = np.concatenate([grouping.counts(outcomes) for grouping in columns], axis=1)
    value = AccuracyTable.of(counts[:, :1], 0.95).value[:, 0]
    order = sorted(range(len(runs.runs)), key=lambda index: (-value[index], runs.runs[index].name))
    return replace(runs, runs=tuple(runs.runs[index] for index in order)), counts[order]


def _balanced(
    runs: RunSet, columns: Sequence[Grouping], outcomes: NDArray[np.uint8], settings: LeaderboardSettings
) -> list[MacroAverage]:
    strata = [(item.cuts[0].kind, item) for item in columns if item.cuts and item.cuts[0].kind in TESTED[1:]]
    found = [MacroAverage.of(kind, item.counts(outcomes), settings.resampling) for kind, item in strata]
    if runs.lengths is not None:
        sides = Grouping((Slice("all"), Slice("all")), longer_side(runs.lengths))
        found.append(MacroAverage.of("length", sides.counts(outcomes), settings.resampling))
    return found


def _comparisons(
    columns: Sequence[Grouping], outcomes: NDArray[np.uint8], settings: LeaderboardSettings
) -> list[PairwiseComparisons]:
    if len(outcomes) < 2:
        return []
    return [
        PairwiseComparisons.of(cut, outcomes[:, grouping.codes == code], settings.level)
        for grouping in columns
        for code, cut in enumerate(grouping.cuts)
        if cut.kind in TESTED
    ]


def _entry(run: ScoredRun, known: Reference) -> LeaderboardEntry:
    stated = run.results.run if run.results else None
    entry = LeaderboardEntry(run.name, run.kind)
    published = known.runs.get(run.name)
    if stated is not None:
        # A model of ours that happens to be called like a published one is not that one.
        return replace(
            entry, prompts=stated.prompts, prompt_digest=stated.prompt_digest, model_digest=stated.model_digest
        )
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


def _reference_runs(
    runs: RunSet, known: Reference, settings: LeaderboardSettings
) -> tuple[list[ReferenceRun], list[Notice]]:
    """Return the published runs that the board has no scores of; none on another benchmark, and that is said."""
    if not settings.reference:
        return [], []
    if runs.digest != known.ids_digest:
        alike = set(runs.subset_names) & set(known.pairs)
        text = "the ids are not those of the published benchmark, so its aggregate figures are left out."
        return [], [Notice("", "other-benchmark", len(runs.ids), text)] if alike else []
    there = {run.name for run in runs.runs}
    beside = [run for run in known.runs.values() if run.run not in there]
    return sorted(beside, key=lambda run: (-run.accuracies[OVERALL], run.run)), []


def _reference_share(run: ReferenceRun, cut: Slice) -> float:
    if cut.kind in {"cell", "length-matched"}:
        return np.nan
    return run.accuracies[OVERALL if cut.kind == "all" else cut.key] / 100


def _texts(runs: RunSet, texts: Benchmark | None) -> tuple[BenchmarkPair | None, ...] | None:
    if texts is None:
        return None
    by_id = {pair.id: pair for pair in texts.pairs}
    return tuple(by_id.get(key) for key in runs.ids)


def _told_differing(differing: Sequence[ResultMismatch]) -> list[Notice]:
    names = list(dict.fromkeys(item.run for item in differing))
    found = {name: [item for item in differing if item.run == name] for name in names}
    return [
        Notice(
            name,
            "results-differ",
            len(items),
            f"{len(items):,} figures of its results.json are off by more than {TOLERANCE} from its scores "
            f"(first: {items[0].figure}, stated {items[0].stated}, found {items[0].found}).",
        )
        for name, items in found.items()
    ]


def _fields(kind: type) -> list[str]:
    return list(kind.__dataclass_fields__)  # type: ignore[attr-defined]


_ARRAYS = ("n", "left_out", "difference", "low", "high", "p_value", "p_holm", "only_first", "only_second")


def _plain_comparisons(item: PairwiseComparisons) -> dict[str, Any]:
    names = (*_ARRAYS, "p_mcnemar", "mcnemar_holm", "ranks")
    found = {name: _listed(getattr(item, name)) for name in names}
    return {"cut": item.cut.key, **found, "groups": item.groups, "letters": item.letters}


def _listed(values: NDArray[Any]) -> Any:
    """Return nested lists: whole numbers as they are, others with six significant digits, NaN as ``None``."""
    if values.dtype.kind in "iu":
        return values.tolist()
    if values.ndim > 1:
        return [_listed(row) for row in values]
    return [None if np.isnan(value) else float(f"{value:.6g}") for value in values.tolist()]
